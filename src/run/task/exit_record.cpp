#include "run/task/exit_record.h"

#include "base/json.h"
#include "posix/file.h"

namespace tare::shimv2 {

namespace {

constexpr std::string_view kInit = "exit-init";
constexpr std::string_view kExec = "exit-exec-";

std::string path_of(const std::string& bundle, const std::string& exec_id) {
    return exec_id.empty() ? cat(bundle, "/", kInit) : cat(bundle, "/", kExec, exec_id);
}

Result<ExitRecord> parse(const std::string& text, const std::string& exec_id) {
    Json document = TRY(parse_json(text, {.what = "exit record", .size_bytes = 4096}));
    JsonView view(document, "exit record");
    ExitRecord record{.exec_id = exec_id};
    record.pid = TRY(view.integer_or<pid_t>("pid", 0));
    record.exit_status = TRY(view.integer_or<std::uint32_t>("exit_status", 255));
    auto at = parse_rfc3339(TRY(view.string("exited_at")));
    if (!at) return view.error("exited_at is not a time");
    record.exited_at = *at;
    record.out_of_memory = TRY(view.boolean_or("out_of_memory", false));
    return record;
}

}  // namespace

Result<> write_exit_record(const std::string& bundle, const ExitRecord& record) {
    Json document;
    document.set("pid", record.pid).set("exit_status", record.exit_status);
    document.set("exited_at", format_rfc3339(record.exited_at)).set("out_of_memory", record.out_of_memory);
    return posix::write_file_atomic(path_of(bundle, record.exec_id), dump(document));
}

Result<ExitRecord> read_exit_record(const std::string& bundle, const std::string& exec_id) {
    return parse(TRY(posix::read_file(path_of(bundle, exec_id), 4096)), exec_id);
}

Result<std::vector<ExitRecord>> list_exit_records(const std::string& bundle) {
    std::vector<ExitRecord> records;
    for (auto& name : TRY(posix::list_directory(bundle))) {
        bool is_exec = name.starts_with(kExec);
        if (name != kInit && !is_exec) continue;
        auto record = read_exit_record(bundle, is_exec ? name.substr(kExec.size()) : "");
        if (record) records.push_back(std::move(*record));
    }
    return records;
}

Result<> remove_exit_record(const std::string& bundle, const std::string& exec_id) {
    return posix::remove_file(path_of(bundle, exec_id));
}

}  // namespace tare::shimv2
