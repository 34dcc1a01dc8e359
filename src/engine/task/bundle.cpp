#include "engine/task/bundle.h"

#include <algorithm>

#include <fcntl.h>

#include "posix/file.h"
#include "run/task/exit_record.h"

namespace tare::task {

namespace {

constexpr std::size_t kFileLimitBytes = std::size_t{1} << 20;
constexpr std::string_view kExecPrefix = "exec-";

/// containerd's identifiers: letters, digits, and "-_." between them (security rule R15).
bool is_identifier(std::string_view text) {
    auto is_allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
               c == '_' || c == '.';
    };
    return !text.empty() && text.size() <= 128 && text.front() != '.' && text.front() != '-' &&
           std::all_of(text.begin(), text.end(), is_allowed);
}

std::string record_path(const std::string& bundle, const std::string& exec_id) {
    return cat(bundle, "/", kExecPrefix, exec_id);
}

}  // namespace

Result<std::string> bundle_of(const std::string& state_directory, const Key& key) {
    for (const std::string& part : {key.name_space, key.id})
        if (!is_identifier(part))
            return fail(ErrorKind::invalid_argument, quote(part), " is no identifier of a task");
    return cat(state_directory, "/shim/", key.name_space, "/", key.id);
}

Result<> make_bundle(const std::string& bundle, const oci::RuntimeSpec& spec) {
    TRY(posix::make_directories(bundle.substr(0, bundle.rfind('/')), 0700));
    TRY_CONTEXT(posix::make_directory(bundle, 0700), "make the task's bundle");
    // Nothing here outlives the machine, and a half-made bundle is thrown away by recover: no fsync.
    auto file = TRY(posix::open_file(bundle + "/config.json", O_WRONLY | O_CREAT | O_EXCL, 0600));
    return posix::write_all(file.get(), dump(oci::to_json(spec)));
}

Result<std::vector<Key>> list_bundles(const std::string& state_directory) {
    std::vector<Key> keys;
    const std::string root = state_directory + "/shim";
    if (!posix::exists(root)) return keys;
    for (const std::string& name_space : TRY(posix::list_directory(root)))
        for (const std::string& id : TRY(posix::list_directory(cat(root, "/", name_space))))
            if (is_identifier(name_space) && is_identifier(id)) keys.push_back({name_space, id});
    std::sort(keys.begin(), keys.end());
    return keys;
}

Result<std::string> read_address(const std::string& bundle) {
    std::string text = TRY(posix::read_file(bundle + "/address", 4096));
    return std::string(trim(text));
}

Result<std::optional<Exit>> read_exit(const std::string& bundle, const Key& key, const std::string& exec_id) {
    auto record = shimv2::read_exit_record(bundle, exec_id);
    if (!record) {
        if (record.error().is(ErrorKind::not_found)) return std::optional<Exit>();
        return std::move(record.error());
    }
    return std::optional<Exit>(Exit{.key = key,
                                    .exec_id = exec_id,
                                    .pid = record->pid,
                                    .status = static_cast<int>(record->exit_status),
                                    .at = record->exited_at,
                                    .out_of_memory = record->out_of_memory});
}

Result<> write_exec_record(const std::string& bundle, const std::string& exec_id, const std::string& record) {
    if (!is_identifier(exec_id))
        return fail(ErrorKind::invalid_argument, quote(exec_id), " is no identifier of an exec");
    // Whole or not there; unsynced, as the bundle does not outlive the machine.
    const std::string path = record_path(bundle, exec_id);
    const std::string temporary = cat(bundle, "/.exec-", exec_id);
    posix::Fd file = TRY(posix::open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, 0600));
    TRY(posix::write_all(file.get(), record));
    return posix::rename(temporary, path);
}

Result<> remove_exec_files(const std::string& bundle, const std::string& exec_id) {
    TRY(posix::remove_file(record_path(bundle, exec_id)));
    return shimv2::remove_exit_record(bundle, exec_id);
}

Result<std::vector<std::pair<std::string, std::string>>> read_exec_records(const std::string& bundle) {
    std::vector<std::pair<std::string, std::string>> records;
    for (const std::string& name : TRY(posix::list_directory(bundle))) {
        if (!name.starts_with(kExecPrefix) || !is_identifier(name.substr(kExecPrefix.size()))) continue;
        std::string record = TRY(posix::read_file(cat(bundle, "/", name), kFileLimitBytes));
        records.emplace_back(name.substr(kExecPrefix.size()), std::move(record));
    }
    return records;
}

}  // namespace tare::task
