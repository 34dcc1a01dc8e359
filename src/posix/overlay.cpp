#include "posix/overlay.h"

#include <algorithm>
#include <cerrno>
#include <csignal>

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "posix/process.h"
#include "posix/socket.h"

namespace tare::posix {

namespace {

constexpr std::size_t kMaxValueBytes = 255;  ///< of a string given to fsconfig(2)
constexpr std::size_t kMaxDataBytes = 4095;  ///< of the options given to mount(2)

/// "\:" and "\\" of overlay's own escaping taken back.
std::vector<std::string> split_layers(std::string_view list) {
    std::vector<std::string> layers(1);
    for (std::size_t i = 0; i < list.size(); ++i) {
        if (list[i] == '\\' && i + 1 < list.size()) {
            layers.back().push_back(list[++i]);
        } else if (list[i] == ':') {
            layers.emplace_back();
        } else {
            layers.back().push_back(list[i]);
        }
    }
    return layers;
}

std::string escaped(std::string_view path, std::string_view special) {
    std::string text;
    for (char c : path) {
        if (special.find(c) != std::string_view::npos) text.push_back('\\');
        text.push_back(c);
    }
    return text;
}

std::string joined_lowers(const OverlayLayers& layers) {
    std::vector<std::string> names;
    for (auto& lower : layers.lowers)
        names.push_back(escaped(lower, "\\:"));
    return join(names, ":");
}

std::vector<FsParameter> with_upper(const OverlayLayers& layers) {
    std::vector<FsParameter> parameters = layers.options;
    if (!layers.upper.empty()) {
        parameters.push_back({.key = "upperdir", .value = layers.upper});
        parameters.push_back({.key = "workdir", .value = layers.work});
    }
    return parameters;
}

/// The longest directory that all paths lie in, with its slash.
std::string common_parent(const OverlayLayers& layers) {
    std::string parent = layers.lowers.front();
    auto shorten = [&](const std::string& path) {
        auto [end, other] = std::mismatch(parent.begin(), parent.end(), path.begin(), path.end());
        parent.erase(end, parent.end());
        parent.resize(parent.rfind('/') + 1);
    };
    for (auto& lower : layers.lowers)
        shorten(lower);
    if (!layers.upper.empty()) {
        shorten(layers.upper);
        shorten(layers.work);
    }
    return parent;
}

/// The options as mount(2) has them, paths relative to `parent`.
std::string mount_data(const OverlayLayers& layers, const std::string& parent) {
    auto relative = [&](const std::string& path) { return path.substr(parent.size()); };
    std::string data = "lowerdir=";
    for (std::size_t i = 0; i < layers.lowers.size(); ++i)
        data += (i == 0 ? "" : ":") + escaped(relative(layers.lowers[i]), "\\:,");
    if (!layers.upper.empty()) {
        data += ",upperdir=" + escaped(relative(layers.upper), "\\,");
        data += ",workdir=" + escaped(relative(layers.work), "\\,");
    }
    for (auto& option : layers.options)
        data += "," + option.key + (option.is_flag ? "" : "=" + option.value);
    return data;
}

/// In the child: system calls alone, since the parent may have threads. errno as exit code.
[[noreturn]] void mount_in_child(const char* parent, const char* data, unsigned long flags, int socket) {
    if (::unshare(CLONE_NEWNS) < 0 || ::mount(nullptr, "/", nullptr, MS_PRIVATE | MS_REC, nullptr) < 0 ||
        ::chdir(parent) < 0 || ::mount("overlay", ".", "overlay", flags, data) < 0)
        ::_exit(errno);
    // The name leads onto the new mount, while "." is still the directory below it.
    long mount = ::syscall(SYS_open_tree, AT_FDCWD, parent, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    if (mount < 0) ::_exit(errno);
    auto sent = send_message(socket, "m", {static_cast<int>(mount)});
    ::_exit(sent ? 0 : EIO);
}

}  // namespace

Result<OverlayLayers> OverlayLayers::parse(const std::vector<std::string>& options) {
    OverlayLayers layers;
    for (auto& option : options) {
        auto [key, value] = cut(option, '=');
        if (key == "lowerdir" && value) {
            layers.lowers = split_layers(*value);
        } else if (key == "upperdir" && value) {
            layers.upper = *value;
        } else if (key == "workdir" && value) {
            layers.work = *value;
        } else {
            layers.options.push_back(
                {.key = std::string(key), .value = std::string(value.value_or("")), .is_flag = !value});
        }
    }
    if (layers.lowers.empty() || layers.lowers.front().empty())
        return fail(ErrorKind::invalid_argument, "overlay mount without a lowerdir");
    return layers;
}

Result<Fd> make_overlay_mount(const OverlayLayers& layers, std::uint64_t attributes) {
    std::vector<FsParameter> parameters = with_upper(layers);
    bool fits = std::ranges::all_of(
        parameters, [](const FsParameter& parameter) { return parameter.value.size() <= kMaxValueBytes; });
    std::string lowers = joined_lowers(layers);
    if (fits && lowers.size() <= kMaxValueBytes) {
        parameters.push_back({.key = "lowerdir", .value = lowers});
        return make_mount("overlay", "overlay", parameters, attributes);
    }
    if (fits && std::ranges::all_of(layers.lowers,
                                    [](const std::string& path) { return path.size() <= kMaxValueBytes; })) {
        for (auto& lower : layers.lowers)
            parameters.push_back({.key = "lowerdir+", .value = lower});
        auto mount = make_mount("overlay", "overlay", parameters, attributes);
        // A kernel that does not know the option says EINVAL; the child's reason is the better one then.
        if (mount || mount.error().error_number() != EINVAL) return mount;
    }
    return make_overlay_mount_by_child(layers, attributes);
}

Result<Fd> make_overlay_mount_by_child(const OverlayLayers& layers, std::uint64_t attributes) {
    std::string parent = common_parent(layers);
    std::string data = mount_data(layers, parent);
    if (data.size() > kMaxDataBytes)
        return fail(ErrorKind::resource_exhausted, "overlay of ", layers.lowers.size(),
                    " layers: the list of their names is too long for this kernel");
    auto [ours, childs] = TRY(make_socket_pair(SocketKind::packets));
    pid_t child = ::fork();
    if (child < 0) return last_error("start a process to mount an overlay");
    if (child == 0) mount_in_child(parent.c_str(), data.c_str(), 0, childs.get());
    childs.reset();
    auto message = receive_message(ours.get(), 1);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    ExitStatus end = exit_status_of(status);
    if (end.code != 0 || end.signal != 0) return errno_error(end.code, "mount overlay below", quote(parent));
    if (!message) return message.error();
    if (message->descriptors.size() != 1)
        return fail(ErrorKind::internal, "mount overlay below ", quote(parent), ": no mount was handed over");
    Fd mount = std::move(message->descriptors.front());
    if (attributes != 0)
        TRY(set_mount_attributes(mount.get(), attributes, 0, Propagation::is_private, Recursive::no));
    return mount;
}

}  // namespace tare::posix
