#pragma once

// What a registry's refusal means, in Docker's words.

#include <string>
#include <string_view>

#include "base/result.h"
#include "oci/reference.h"
#include "wire/http/client.h"

namespace tare::registry {

/// The first entry of an error document: {"errors":[{"code":"MANIFEST_UNKNOWN","message":"…"}]}.
struct RegistryError {
    std::string code;     ///< upper case; empty if the body is no such document
    std::string message;  ///< one line, at most 512 bytes

    /// "manifest unknown: manifest unknown", as Docker prints it.
    std::string text() const;
};
RegistryError parse_registry_error(std::string_view body);

/// The status and, if there is one, the error document of an answer that is no success. Reads at most
/// 64 KiB of the body.
struct Refusal {
    int status = 0;
    RegistryError error;
    std::string url;  ///< for messages, without query
    std::string method;
};
Refusal read_refusal(http::Exchange& answer, const http::Url& url, std::string_view method);

/// The failure of a request about `reference`.
Error refusal_error(const Refusal& refusal, const oci::Reference& reference);

/// Whether another try may help: 408, 429 and 5xx but 501.
bool is_temporary(int status);

/// Text of a server as one line: control characters replaced, cut at 512 bytes.
std::string one_line(std::string_view text);

}  // namespace tare::registry
