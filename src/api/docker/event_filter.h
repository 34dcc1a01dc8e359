#pragma once

// Events of the daemon as Docker tells them, and `docker events --filter`.

#include "api/docker/filters.h"
#include "api/docker/version.h"
#include "base/json.h"
#include "engine/event/bus.h"

namespace tare::docker {

/// invalid_argument for a filter that does not exist.
Result<> check_event_filters(const Filters& filters);

/// Whether a client that asks with these filters sees the event. Quick: publishers wait for it.
bool accepts_event(const Filters& filters, const event::Event& event);

/// A line of GET /events. Clients before 1.52 get "status", "id" and "from" beside the rest.
Json event_document(const event::Event& event, ApiVersion version);

}  // namespace tare::docker
