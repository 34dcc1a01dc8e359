#pragma once

// Names of images: "redis:alpine" is docker.io/library/redis:alpine. The grammar is the distribution
// project's (reference.go, "Grammar"), read in linear time.

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"

namespace tare::oci {

/// A validated image reference: host and path, and a tag, a digest or both. It may stand in a path or
/// a URL (security rule R15).
class Reference {
  public:
    /// Reads a familiar or full name; without tag and digest the tag is "latest".
    /// invalid_argument says what is wrong with the name.
    static Result<Reference> parse(std::string_view text);

    /// "docker.io", "127.0.0.1:5000".
    const std::string& host() const { return host_; }
    /// "library/redis".
    const std::string& path() const { return path_; }
    /// "docker.io/library/redis".
    std::string repository() const { return cat(host_, "/", path_); }
    /// Empty if only a digest names the image.
    const std::string& tag() const { return tag_; }
    const Digest& digest() const { return digest_; }

    /// "docker.io/library/redis:alpine@sha256:…": the name under which it is stored.
    std::string text() const;
    /// As people write it: "redis:alpine".
    std::string familiar() const;
    /// The repository as people write it: "redis", "localhost:5000/a".
    std::string familiar_repository() const;

    /// The same repository under another tag (validated) or digest.
    Result<Reference> with_tag(std::string_view tag) const;
    Reference with_digest(const Digest& digest) const;

    auto operator<=>(const Reference&) const = default;

  private:
    std::string host_;
    std::string path_;
    std::string tag_;
    Digest digest_;
};

}  // namespace tare::oci
