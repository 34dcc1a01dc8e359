#pragma once

// What the members of Tasks share; for the files of this folder alone.

#include <atomic>
#include <condition_variable>
#include <deque>
#include <thread>

#include "engine/task/shim_connection.h"
#include "wire/ttrpc/client.h"

namespace tare::task {

struct Tasks::Impl {
    Impl(Options options_, ExitListener listener_)
        : options(std::move(options_)), listener(std::move(listener_)) {}
    ~Impl();

    const Options options;
    const ExitListener listener;
    std::unique_ptr<ttrpc::Client> client;
    std::atomic<bool> is_closing = false;

    std::mutex mutex;  // guards the tables
    std::map<Key, ShimRef> shims;

    /// not_found in the words of containerd.
    Result<ShimRef> find(const Key& key);
    Result<ShimRef> connect(const Key& key, const std::string& bundle, const std::string& address);
    void forget(const ShimRef& shim);
    /// Asks a shim that another daemon has started which build it is.
    void ask_build(const ShimRef& shim);

    /// A typed call with the usual deadline.
    template <class Request>
    Result<typename Request::Response> call(const ShimRef& shim, const Request& request,
                                            std::chrono::seconds patience = std::chrono::seconds(30)) {
        return shim->client.call(request, Deadline::after(patience));
    }

    // Exits (exits.cpp).
    /// Asks the shim to say when a process ends.
    void watch(const ShimRef& shim, const std::string& exec_id, pid_t pid, Process::Phase phase);
    void starting(const ShimRef& shim, const std::string& exec_id);
    /// The answer to a Start: an exit that came before it is told now.
    void started(const ShimRef& shim, const std::string& exec_id, pid_t pid);
    void not_started(const ShimRef& shim, const std::string& exec_id);
    void ended(const ShimRef& shim, const std::string& exec_id, Exit exit);
    /// A Wait that failed: the exit file decides, and without one the shim is taken to be lost.
    void lost(const ShimRef& shim, const std::string& exec_id, const Error& error);

    // Shims that died without a word are cleaned up on a thread of their own, since that takes a program.
    void clean_up_later(const ShimRef& shim);
    void clean_up_lost();
    void clean_up(const ShimRef& shim);
    std::mutex lost_mutex;
    std::condition_variable lost_changed;
    std::deque<ShimRef> lost_shims;
    std::thread cleaner;
};

}  // namespace tare::task
