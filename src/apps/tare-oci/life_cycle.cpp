#include <chrono>
#include <cstdlib>

#include <signal.h>

#include "apps/tare-oci/invocation.h"
#include "cli/common/flags.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/mount.h"

namespace tare::oci_command {

namespace {

using namespace std::chrono_literals;

/// The flags that create and run share.
struct CreateFlags {
    std::string bundle;
    std::string console_socket;
    std::string pidfd_socket;
    std::string pid_file;
    std::int64_t preserved = 0;
    bool no_pivot = false;
    bool no_new_keyring = false;
    bool detach = false;
    bool keep = false;
    bool no_subreaper = false;
};

Result<std::string> exactly_one(const std::vector<std::string>& arguments, std::string_view command) {
    if (arguments.size() == 1) return arguments.front();
    return fail(ErrorKind::invalid_argument, "tare-oci: ", quote(command), " requires exactly 1 argument(s)");
}

void define(cli::FlagSet& flags, CreateFlags& values) {
    flags.text(values.bundle, "bundle", 'b', "Directory of the bundle");
    flags.text(values.console_socket, "console-socket", 0, "Socket that receives the terminal");
    flags.text(values.pidfd_socket, "pidfd-socket", 0, "Socket that receives a descriptor of the process");
    flags.text(values.pid_file, "pid-file", 0, "File to write the process id to");
    flags.integer(values.preserved, "preserve-fds", 0, "Descriptors to pass, from 3 up");
    flags.boolean(values.no_pivot, "no-pivot", 0, "Use chroot in place of pivot_root");
    flags.boolean(values.no_new_keyring, "no-new-keyring", 0, "Keep the session keyring");
}

Result<runtime::Created> create(const Globals& globals, const std::string& id, const CreateFlags& flags) {
    std::string bundle = TRY(posix::real_path(flags.bundle.empty() ? "." : flags.bundle));
    // Relative paths in config.json count from the bundle.
    TRY(posix::change_directory(bundle));
    auto text = posix::read_file("config.json", std::size_t{8} << 20);
    if (!text && text.error().is(ErrorKind::not_found))
        return fail(ErrorKind::not_found, "JSON specification file config.json not found");
    runtime::CreateOptions options;
    options.spec = TRY(oci::parse_runtime_spec(TRY(std::move(text))));
    options.root = posix::exists(globals.root) ? TRY(posix::real_path(globals.root)) : globals.root;
    options.id = id;
    options.bundle = bundle;
    options.preserved_descriptors = static_cast<int>(flags.preserved);
    if (flags.no_pivot) options.root_change = runtime::CreateOptions::Root::chroot;
    if (flags.no_new_keyring) options.keyring = runtime::CreateOptions::Keyring::inherited;
    options.cgroup_permission = globals.cgroup_permission();
    options.seccomp_cache = seccomp_cache();
    bool wants_terminal = options.spec.process && options.spec.process->terminal;
    bool is_attended = !flags.detach;
    if (wants_terminal && flags.console_socket.empty() && !is_attended)
        return fail(ErrorKind::invalid_argument,
                    "cannot allocate tty if tare-oci will detach without setting console socket");
    if (!wants_terminal && !flags.console_socket.empty())
        return fail(ErrorKind::invalid_argument,
                    "cannot use console socket if tare-oci will not detach or allocate tty");
    return runtime::create(options);
}

Result<> hand_over(runtime::Created& created, const CreateFlags& flags) {
    if (!flags.console_socket.empty()) {
        TRY(send_console(flags.console_socket, created.console.get()));
        created.console.reset();
    }
    TRY(send_pidfd(flags.pidfd_socket, created.init, "standard"));
    return write_pid_file(flags.pid_file, created.state.pid);
}

/// What a failure after the creation must not leave behind.
Error give_up(const Globals& globals, runtime::Created& created, Error error) {
    auto destroyed = runtime::destroy(globals.root, created.state);
    if (!destroyed) error.prepend(cat("clean-up failed as well (", destroyed.error().message(), ")"));
    return error;
}

}  // namespace

Result<int> run_create(const Globals& globals, std::span<const std::string> words) {
    CreateFlags values{.detach = true};
    CommandFlags flags("create");
    define(flags, values);
    std::string id = TRY(exactly_one(TRY(flags.parse(words)), "create"));
    auto created = TRY_CONTEXT(create(globals, id, values), "runc create failed");
    if (auto outcome = hand_over(created, values); !outcome)
        return give_up(globals, created, outcome.error());
    return 0;
}

Result<int> run_run(const Globals& globals, std::span<const std::string> words) {
    CreateFlags values;
    CommandFlags flags("run");
    define(flags, values);
    flags.boolean(values.detach, "detach", 'd', "Leave the container in the background");
    flags.boolean(values.keep, "keep", 0, "Keep the container when it has ended");
    flags.boolean(values.no_subreaper, "no-subreaper", 0, "Do not adopt orphaned processes");
    std::string id = TRY(exactly_one(TRY(flags.parse(words)), "run"));
    if (!values.detach && !values.no_subreaper) TRY(posix::set_child_subreaper());
    auto created = TRY_CONTEXT(create(globals, id, values), "runc run failed");
    auto started = hand_over(created, values);
    if (started) started = runtime::start(globals.root, created.state);
    if (!started) return give_up(globals, created, started.error().prepend("runc run failed"));
    if (values.detach) return 0;
    auto status = TRY(attend(created.init, std::move(created.console)));
    if (!values.keep) TRY(runtime::destroy(globals.root, created.state));
    return status.shell_code();
}

Result<int> run_start(const Globals& globals, std::span<const std::string> words) {
    CommandFlags flags("start");
    std::string id = TRY(exactly_one(TRY(flags.parse(words)), "start"));
    auto state = TRY(runtime::load_state(globals.root, id));
    TRY(runtime::start(globals.root, state));
    return 0;
}

Result<int> run_kill(const Globals& globals, std::span<const std::string> words) {
    bool all = false;
    CommandFlags flags("kill");
    flags.boolean(all, "all", 'a', "Signal every process of the container");
    auto arguments = TRY(flags.parse(words, cli::FlagSet::Interspersed::no));
    // After the id everything is the signal, also "-9".
    if (arguments.empty() || arguments.size() > 2)
        return fail(ErrorKind::invalid_argument, "tare-oci: \"kill\" requires a minimum of 1 argument(s)");
    std::string name = arguments.size() == 2 ? arguments[1] : "SIGTERM";
    auto signal = posix::parse_signal(name);
    if (!signal) return fail(ErrorKind::invalid_argument, "unknown signal ", quote(name));
    auto state = TRY(runtime::load_state(globals.root, arguments.front()));
    TRY(runtime::kill(globals.root, state, *signal, all ? runtime::Whom::all : runtime::Whom::init));
    return 0;
}

Result<int> run_delete(const Globals& globals, std::span<const std::string> words) {
    bool force = false;
    CommandFlags flags("delete");
    flags.boolean(force, "force", 'f', "Kill the container first; an unknown one is fine");
    std::string id = TRY(exactly_one(TRY(flags.parse(words)), "delete"));
    auto loaded = runtime::load_state(globals.root, id);
    if (!loaded) {
        // A directory without a readable state is what a killed create leaves.
        if (runtime::check_id(id)) TRY(posix::remove_tree(runtime::state_directory(globals.root, id)));
        if (force && loaded.error().is(ErrorKind::not_found)) return 0;
        return loaded.error();
    }
    auto status = TRY(runtime::status_of(globals.root, *loaded));
    bool may_kill = force || status == runtime::Status::created;
    if (status != runtime::Status::stopped && !may_kill)
        return fail(ErrorKind::failed_precondition, "cannot delete container ", id,
                    " that is not stopped: ", to_string(status));
    TRY(runtime::destroy(globals.root, *loaded));
    return 0;
}

Result<int> run_pause(const Globals& globals, std::span<const std::string> words) {
    CommandFlags flags("pause");
    auto state = TRY(runtime::load_state(globals.root, TRY(exactly_one(TRY(flags.parse(words)), "pause"))));
    TRY(runtime::pause(globals.root, state));
    return 0;
}

Result<int> run_resume(const Globals& globals, std::span<const std::string> words) {
    CommandFlags flags("resume");
    auto state = TRY(runtime::load_state(globals.root, TRY(exactly_one(TRY(flags.parse(words)), "resume"))));
    TRY(runtime::resume(globals.root, state));
    return 0;
}

}  // namespace tare::oci_command
