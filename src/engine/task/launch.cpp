#include "engine/task/launch.h"

#include "posix/poll.h"
#include "posix/process.h"
#include "posix/socket.h"

namespace tare::task {

using namespace std::chrono_literals;

namespace {

constexpr auto kPatience = 30s;
constexpr std::size_t kOutputLimitBytes = 64 * 1024;

struct Output {
    posix::ExitStatus status;
    std::string out;
    std::string error;
};

/// Reads both pipes to their ends, so that neither fills up and blocks the program.
Result<> read_both(posix::Fd& out_pipe, posix::Fd& error_pipe, Output& output, Deadline deadline) {
    while (out_pipe || error_pipe) {
        posix::PollItem items[] = {{.fd = out_pipe.get()}, {.fd = error_pipe.get()}};
        if (!TRY(posix::wait_any(items, deadline)))
            return fail(ErrorKind::deadline_exceeded, "no answer from the shim in ", kPatience.count(), " s");
        for (auto [item, pipe, text] : {std::tuple{&items[0], &out_pipe, &output.out},
                                        std::tuple{&items[1], &error_pipe, &output.error}}) {
            if (!item->is_ready) continue;
            char buffer[4096];
            const std::size_t count = TRY(posix::read_some(pipe->get(), buffer, sizeof buffer));
            if (count == 0)
                pipe->reset();
            else if (text->size() < kOutputLimitBytes)
                text->append(buffer, count);
        }
    }
    return {};
}

Result<Output> run_shim(const Options& options, const Key& key, const std::string& bundle,
                        const std::string& verb) {
    auto out_pipe = TRY(posix::make_pipe());
    auto error_pipe = TRY(posix::make_pipe());
    posix::SpawnOptions spawn{.program = options.shim_program,
                              .args = {options.shim_program, "-namespace", key.name_space, "-id", key.id,
                                       "-address", options.containerd_address, "-bundle", bundle},
                              .cwd = bundle,
                              // A start that is cut off leaves an address behind, or nothing at all.
                              .fate = posix::SpawnOptions::Fate::dies_with_parent};
    if (options.debug) spawn.args.push_back("-debug");
    spawn.args.push_back(verb);
    if (!options.events_address.empty()) spawn.env.push_back("TTRPC_ADDRESS=" + options.events_address);
    spawn.descriptors = {{out_pipe.write_end.get(), 1}, {error_pipe.write_end.get(), 2}};

    const Deadline deadline = Deadline::after(kPatience);
    auto process = TRY(posix::spawn(spawn));
    out_pipe.write_end.reset();
    error_pipe.write_end.reset();
    Output output;
    auto read = read_both(out_pipe.read_end, error_pipe.read_end, output, deadline);
    auto ended = read ? process.wait(deadline) : Result<posix::ExitStatus>(read.error());
    if (!ended) {
        // It ended between the wait and now, or it is killed; either way it is gone.
        (void)process.kill(SIGKILL);
        TRY(process.wait());
        return std::move(ended.error());
    }
    output.status = *ended;
    return output;
}

Error shim_failure(const Output& output, const std::string& verb) {
    std::string_view reason = trim(output.error);
    if (reason.empty())
        return fail(ErrorKind::unavailable, "tare-shim ", verb, ": ended with status ",
                    output.status.shell_code());
    return fail(ErrorKind::unavailable, "tare-shim ", verb, ": ", reason);
}

}  // namespace

Result<std::string> launch_shim(const Options& options, const Key& key, const std::string& bundle) {
    Output output = TRY_CONTEXT(run_shim(options, key, bundle, "start"), "start a shim");
    std::string address(trim(output.out));
    if (output.status.shell_code() != 0 || address.empty()) return shim_failure(output, "start");
    return address;
}

Result<> clean_up_after_shim(const Options& options, const Key& key, const std::string& bundle) {
    Output output = TRY_CONTEXT(run_shim(options, key, bundle, "delete"), "clean up after a shim");
    if (output.status.shell_code() != 0) return shim_failure(output, "delete");
    return {};
}

}  // namespace tare::task
