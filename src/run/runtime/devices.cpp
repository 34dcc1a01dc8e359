#include <array>
#include <cerrno>

#include <fcntl.h>

#include "posix/file.h"
#include "posix/path.h"
#include "posix/terminal.h"
#include "run/runtime/rootfs.h"

namespace tare::runtime {

namespace {

using Kind = posix::NodeFacts::Kind;

/// Source: runtime-spec, config-linux.md, "Default Devices".
struct DefaultDevice {
    std::string_view name;
    std::uint64_t major;
    std::uint64_t minor;
};
constexpr std::array kDefaultDevices = {
    DefaultDevice{"null", 1, 3},   DefaultDevice{"zero", 1, 5},    DefaultDevice{"full", 1, 7},
    DefaultDevice{"random", 1, 8}, DefaultDevice{"urandom", 1, 9}, DefaultDevice{"tty", 5, 0},
};

struct DefaultLink {
    std::string_view name;
    std::string_view target;
};
constexpr std::array kDefaultLinks = {
    DefaultLink{"fd", "/proc/self/fd"},
    DefaultLink{"stdin", "/proc/self/fd/0"},
    DefaultLink{"stdout", "/proc/self/fd/1"},
    DefaultLink{"stderr", "/proc/self/fd/2"},
};

/// The directory "/dev" of the root: a real one, never a link (security RT10).
Result<posix::Fd> open_dev(const RootContext& context) {
    TRY(posix::make_directories_in_root(context.root.get(), "/dev"));
    return posix::open_beneath_no_links(context.root.get(), "dev", O_PATH | O_DIRECTORY);
}

/// What is there already is replaced unless it is the very device: an image's file named /dev/null is
/// not what a container writes to.
Result<bool> is_same_device(int directory, const std::string& name, Kind kind, std::uint64_t major,
                            std::uint64_t minor) {
    auto present = posix::open_beneath_no_links(directory, name, O_PATH | O_NOFOLLOW);
    if (!present) return false;
    auto facts = TRY(posix::node_facts(present->get()));
    return facts.kind == kind && facts.device_major == major && facts.device_minor == minor;
}

/// A device of the host, bound: user namespaces may not make nodes.
Result<> bind_device(const RootContext& context, const std::string& path) {
    posix::Fd host = TRY(posix::open_file(path, O_PATH | O_NOFOLLOW));
    auto kind = TRY(posix::node_facts(host.get()))
    .kind;
    if (kind != Kind::character && kind != Kind::block)
        return fail(ErrorKind::failed_precondition, "host path ", path, " is not a device");
    posix::Fd mount = TRY(posix::clone_mount(host.get(), posix::Recursive::no));
    posix::Fd target = TRY(posix::make_file_in_root(context.root.get(), path));
    return posix::attach_mount(mount.get(), target.get());
}

struct Node {
    std::string name;
    Kind kind;
    std::uint32_t mode;
    std::uint64_t major;
    std::uint64_t minor;
    std::uint32_t uid;
    std::uint32_t gid;
};

Result<> make_device(int directory, const Node& node) {
    if (TRY(is_same_device(directory, node.name, node.kind, node.major, node.minor))) return {};
    TRY(posix::unlink_at(directory, node.name));
    TRY(posix::make_node(directory, node.name, node.kind, node.mode, node.major, node.minor));
    if (node.uid == 0 && node.gid == 0) return {};
    posix::Fd made = TRY(posix::open_beneath_no_links(directory, node.name, O_PATH | O_NOFOLLOW));
    return posix::change_owner(made.get(), node.uid, node.gid);
}

Result<> make_listed_device(const RootContext& context, const oci::Device& device) {
    std::string path = posix::clean_path(device.path);
    if (context.has_user_namespace && device.type != 'p') return bind_device(context, path);
    auto slash = path.rfind('/');
    posix::Fd parent = TRY(posix::make_directories_in_root(context.root.get(), path.substr(0, slash)));
    Kind kind = device.type == 'b' ? Kind::block : device.type == 'p' ? Kind::fifo : Kind::character;
    return make_device(parent.get(), {.name = path.substr(slash + 1),
                                      .kind = kind,
                                      .mode = device.file_mode.value_or(0666) & 07777,
                                      .major = static_cast<std::uint64_t>(device.major),
                                      .minor = static_cast<std::uint64_t>(device.minor),
                                      .uid = device.uid.value_or(0),
                                      .gid = device.gid.value_or(0)});
}

Result<> make_links(const RootContext& context, int dev) {
    auto make = [&](std::string_view name, std::string_view target) -> Result<> {
        auto made = posix::make_link(dev, std::string(name), std::string(target));
        if (!made && !made.error().is(ErrorKind::already_exists)) return made;
        return {};
    };
    for (auto& link : kDefaultLinks)
        TRY(make(link.name, link.target));
    if (posix::open_in_root(context.root.get(), "/proc/kcore", O_PATH)) TRY(make("core", "/proc/kcore"));
    // The terminals of the container's own devpts, whatever the image has there.
    if (posix::open_beneath_no_links(dev, "pts/ptmx", O_PATH)) {
        TRY(posix::unlink_at(dev, "ptmx"));
        TRY(make("ptmx", "pts/ptmx"));
    }
    return {};
}

/// A host's /dev that was bound in brings its own nodes, and ours must not appear on the host.
bool is_dev_bound(const oci::RuntimeSpec& spec) {
    for (auto& mount : spec.mounts)
        if (posix::clean_path(mount.destination) == "/dev")
            return mount.type == "bind" || [&] {
                for (auto& option : mount.options)
                    if (option == "bind" || option == "rbind") return true;
                return false;
            }();
    return false;
}

}  // namespace

Result<> make_devices(RootContext& context) {
    if (is_dev_bound(context.spec)) return {};
    posix::Fd dev = TRY_CONTEXT(open_dev(context), "prepare /dev");
    for (auto& device : kDefaultDevices) {
        if (context.has_user_namespace) {
            TRY_CONTEXT(bind_device(context, cat("/dev/", device.name)), "default device");
            continue;
        }
        TRY_CONTEXT(make_device(dev.get(), {.name = std::string(device.name),
                                            .kind = Kind::character,
                                            .mode = 0666,
                                            .major = device.major,
                                            .minor = device.minor,
                                            .uid = 0,
                                            .gid = 0}),
                    "default device");
    }
    for (auto& device : context.spec.linux_section.devices)
        TRY_CONTEXT(make_listed_device(context, device), cat("device ", quote(device.path)));
    TRY_CONTEXT(make_links(context, dev.get()), "links of /dev");
    return {};
}

Result<Console> make_console(RootContext& context, const oci::Process& process) {
    posix::Fd pts = TRY_CONTEXT(
        posix::open_beneath_no_links(context.root.get(), "dev/pts", O_PATH | O_DIRECTORY), "console");
    Console console;
    console.master = TRY(posix::open_terminal_master(pts.get()));
    console.slave = TRY(posix::open_terminal_slave(console.master.get()));
    auto facts = TRY(posix::node_facts(console.slave.get()));
    // Security RT8: unix98 slaves are 136 to 143; anything else is not a terminal of ours.
    if (facts.kind != Kind::character || facts.device_major < 136 || facts.device_major > 143)
        return fail(ErrorKind::failed_precondition, "console: the terminal's slave is not a pseudo-terminal");
    TRY(posix::change_owner(console.slave.get(), process.user.uid, facts.gid));
    if (process.console_size)
        TRY(posix::set_window_size(console.master.get(),
                                   {process.console_size->height, process.console_size->width}));
    posix::Fd dev = TRY(open_dev(context));
    auto target = posix::open_beneath_no_links(dev.get(), "console", O_PATH | O_NOFOLLOW);
    if (!target) target = posix::make_file_in_root(context.root.get(), "/dev/console");
    if (!target) return target.error().prepend("console");
    if (TRY(posix::node_facts(target->get())).kind == Kind::link)
        return fail(ErrorKind::failed_precondition, "console: /dev/console is a link");
    posix::Fd mount = TRY(posix::clone_mount(console.slave.get(), posix::Recursive::no));
    TRY_CONTEXT(posix::attach_mount(mount.get(), target->get()), "console");
    return console;
}

}  // namespace tare::runtime
