#pragma once

// Names for containers that were given none: "brisk_torricelli".

#include <string>

namespace tare::container {

/// A random adjective and someone who measured something, joined by '_'. `attempt` > 0 appends a digit,
/// for when the plain ones are taken.
std::string make_name(unsigned attempt = 0);

}  // namespace tare::container
