#pragma once

// The path rules of `cp`: where a copy goes and under which name.

#include <string>
#include <string_view>

#include "base/result.h"

namespace tare::cli::docker {

/// One end of a copy.
struct CopyInfo {
    std::string path;
    bool exists = false;
    bool is_directory = false;
    std::string rebase_name;  ///< the name to keep where a followed link has another; "" for none
};

/// CONTAINER:PATH, or a local path (container ""): one that begins with '/' or '.' or has no colon.
struct CopyArgument {
    std::string container;
    std::string path;
};
CopyArgument parse_copy_argument(std::string_view argument);

/// Where the archive of a source is unpacked, and what its first name component becomes there.
struct CopyTarget {
    std::string directory;
    std::string base;  ///< "" keeps the source's name
};
/// Docker's rules: into a directory that exists; over a file only from a file; else beside, under
/// the new name. invalid_argument "cannot copy directory" or "no such directory".
Result<CopyTarget> choose_target(const CopyInfo& source, const CopyInfo& destination);

/// The path without ".", ".." and double slashes, keeping a trailing "/" or "/.".
std::string clean_copy_path(std::string_view path);
/// {"/a", "b"} of "/a/b" and "/a/b/", {"/a/b", "."} of "/a/b/.", {"/", "/"} of "/".
struct PathParts {
    std::string directory;
    std::string base;
};
PathParts split_copy_path(std::string_view path);
/// True for paths that end in "/" or "/.": they name a directory.
bool asserts_directory(std::string_view path);

}  // namespace tare::cli::docker
