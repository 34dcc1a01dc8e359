#pragma once

// For tests: a machine that is the same everywhere, a plain container, and temporary directories.

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>

#include "engine/container/container.h"
#include "engine/container/host_facts.h"
#include "posix/file.h"

namespace tare::container {

inline HostFacts test_host() {
    HostFacts host;
    host.architecture = "amd64";
    host.kernel_release = "6.1.0-18-amd64";
    host.cpus = 2;
    host.cpuset_cpus = "0-1";
    host.cpuset_mems = "0";
    host.hostname = "machine";
    host.init_binary = "/usr/libexec/tare/tare-init";
    return host;
}

inline Container test_container() {
    Container container;
    container.space = "default";
    container.id = std::string(63, 'a') + "b";
    container.name = "web";
    container.created = Time(std::chrono::seconds(1'700'000'000));
    container.config.hostname = container.short_id();
    container.config.command = Strings{"sh"};
    container.host_config.network_mode = "bridge";
    container.host_config.ipc_mode = "private";
    container.host_config.cgroupns_mode = "private";
    container.host_config.runtime = "tare";
    return container;
}

/// A directory that is gone when the test is over.
class TemporaryDirectory {
  public:
    TemporaryDirectory() {
        char name[] = "/tmp/tare-container-XXXXXX";
        if (::mkdtemp(name) != nullptr) path_ = name;
    }
    TemporaryDirectory(const TemporaryDirectory&) = delete;
    TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
    ~TemporaryDirectory() {
        if (!path_.empty()) std::filesystem::remove_all(path_);
    }
    const std::string& path() const { return path_; }

    /// Writes a file below it, with the directories that it needs.
    std::string write(const std::string& name, std::string_view content) const {
        const std::string path = path_ + "/" + name;
        std::filesystem::create_directories(std::filesystem::path(path).parent_path());
        std::ofstream(path) << content;
        return path;
    }
    posix::Fd open() const { return *posix::open_file(path_, O_PATH | O_DIRECTORY); }

  private:
    std::string path_;
};

/// The message of a failure, "" of a success.
template <class T>
std::string message_of(const Result<T>& result) {
    return result ? std::string() : result.error().message();
}

}  // namespace tare::container
