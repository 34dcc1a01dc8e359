#include "engine/supervisor/exec_record.h"

namespace tare::supervisor {

Json exec_record(const ExecInfo& info) {
    const ExecConfig& config = info.config;
    // Without the environment: it may hold secrets, and nobody asks for it later (security rule R20).
    Json document = Json::object();
    if (info.exit_code) document.set("exitCode", *info.exit_code);
    return document.set("id", info.id)
        .set("container", info.container_id)
        .set("command", Json(config.command))
        .set("user", config.user)
        .set("workingDirectory", config.working_directory)
        .set("detachKeys", config.detach_keys)
        .set("privileged", config.privileged)
        .set("terminal", config.terminal)
        .set("attachStdin", config.attach_stdin)
        .set("attachStdout", config.attach_stdout)
        .set("attachStderr", config.attach_stderr);
}

Result<ExecInfo> parse_exec_record(const std::string& text) {
    Json document = TRY(parse_json(text, {.what = "exec record"}));
    JsonView view(document, "exec record");
    ExecInfo info;
    info.id = TRY(view.string("id"));
    info.container_id = TRY(view.string("container"));
    info.exit_code = TRY(view.optional_integer<int>("exitCode"));
    info.config.command = TRY(view.strings("command"));
    info.config.user = TRY(view.string_or("user", ""));
    info.config.working_directory = TRY(view.string_or("workingDirectory", ""));
    info.config.detach_keys = TRY(view.string_or("detachKeys", ""));
    info.config.privileged = TRY(view.boolean_or("privileged", false));
    info.config.terminal = TRY(view.boolean_or("terminal", false));
    info.config.attach_stdin = TRY(view.boolean_or("attachStdin", false));
    info.config.attach_stdout = TRY(view.boolean_or("attachStdout", false));
    info.config.attach_stderr = TRY(view.boolean_or("attachStderr", false));
    return info;
}

}  // namespace tare::supervisor
