#pragma once

// Docker's JSON of a create request, read strictly and written back: the API's and the store's form.
//
//     CreateRequest request = TRY(parse_create_request(JsonView(body, "request")));
//     merge_image_config(request.config, image.config);
//
// A member of a wrong type is invalid_argument with its path. Command, Entrypoint and Shell may be a
// string or a list, as Docker takes them. Nothing is validated beyond types: validate.h does that.

#include "engine/container/host_config.h"

namespace tare::oci {
struct ImageConfig;
}

namespace tare::container {

/// The body of POST /containers/create.
struct CreateRequest {
    Config config;
    HostConfig host_config;
    NetworkingConfig networking;
};

Result<CreateRequest> parse_create_request(const JsonView& body);

Result<Config> parse_config(const JsonView& view);
Result<HostConfig> parse_host_config(const JsonView& view);
Result<EndpointSettings> parse_endpoint_settings(const JsonView& view);
Result<Healthcheck> parse_healthcheck(const JsonView& view);

/// The body of POST /containers/{id}/update: only what it names is set.
struct UpdateRequest {
    ResourceLimits resources;
    std::optional<RestartPolicy> restart_policy;
};
Result<UpdateRequest> parse_update_request(const JsonView& body);

Json to_json(const Config& config);
Json to_json(const HostConfig& host_config);
Json to_json(const EndpointSettings& endpoint);
Json to_json(const Healthcheck& healthcheck);
Json to_json(const RestartPolicy& policy);
Json to_json(const LogConfig& log);
Json to_json(const PortMap& ports);
Json to_json(const StringMap& map);
Json to_json(const MountRequest& mount);

/// Puts what the image says wherever the client said nothing, by Docker's rules: a client that gives an
/// entrypoint drops the image's command; env, labels, volumes and ports are joined by key; the health
/// check is inherited field by field.
void merge_image_config(Config& config, const oci::ImageConfig& image);

}  // namespace tare::container
