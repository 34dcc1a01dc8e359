#include "cli/docker/completion.h"

#include "cli/common/safe_text.h"
#include "cli/docker/daemon.h"
#include "cli/docker/verbs.h"

namespace tare::cli::docker {

namespace {

void offer(std::string& out, std::string_view candidate, std::string_view prefix) {
    if (candidate.starts_with(prefix)) out += cat(candidate, '\n');
}

std::string offer_flags(const FlagSet& flags, std::string_view prefix) {
    std::string out;
    for (const Flag& flag : flags.flags())
        if (!flag.is_hidden) offer(out, cat("--", flag.name), prefix);
    offer(out, "--help", prefix);
    return out;
}

void offer_texts(std::string& out, const Json& list, std::string_view field, std::string_view prefix) {
    if (auto* array = list.as_array())
        for (const Json& element : *array) {
            const Json* value = element.find(field);
            if (value == nullptr) continue;
            if (auto* text = value->as_string()) offer(out, *text, prefix);
            if (auto* names = value->as_array())
                for (const Json& name : *names)
                    if (auto* text = name.as_string())
                        offer(out, text->starts_with('/') ? std::string_view(*text).substr(1) : *text,
                              prefix);
        }
}

std::string offer_objects(std::string_view kind, std::string_view prefix, const Settings& settings) {
    // A key press must not start a daemon.
    Settings asking = settings;
    asking.endpoint.is_default = false;
    Daemon daemon(asking);
    std::string out;
    auto ask = [&](const std::string& target, std::string_view field, std::string_view list) {
        // Without a daemon there simply is nothing to offer.
        if (auto answer = daemon.get(target)) {
            const Json* found = list.empty() ? &*answer : answer->find(list);
            if (found != nullptr) offer_texts(out, *found, field, prefix);
        }
    };
    if (kind == "container") ask("/containers/json?all=1", "Names", "");
    if (kind == "image") ask("/images/json", "RepoTags", "");
    if (kind == "network") ask("/networks", "Name", "");
    if (kind == "volume") ask("/volumes", "Name", "Volumes");
    return out;
}

std::string offer_kind(std::string_view kind, std::string_view prefix, const Settings& settings) {
    if (kind == "file") return {};  // the shell's own default
    if (kind == "container" || kind == "image" || kind == "network" || kind == "volume")
        return offer_objects(kind, prefix, settings);
    std::string out;
    for (std::string_view word : split(kind, '|'))
        offer(out, word, prefix);
    return out;
}

constexpr std::string_view kBashScript = R"(# bash completion for PROGRAM: source <(PROGRAM completion bash)
_tare_complete() {
    local IFS=$'\n'
    local cur=${COMP_WORDS[COMP_CWORD]}
    COMPREPLY=($("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
    # Names with a colon are several words to bash.
    if [[ $cur == *:* || ${COMP_WORDBREAKS} == *:* ]] && declare -F __ltrim_colon_completions >/dev/null; then
        __ltrim_colon_completions "$cur"
    fi
}
complete -o default -F _tare_complete PROGRAM
)";

}  // namespace

std::string complete_command(const Command& command, const FlagSet& flags, std::span<const std::string> words,
                             const Settings& settings) {
    const std::string last = words.empty() ? std::string() : words.back();
    if (words.size() > 1 && words[words.size() - 2].starts_with('-')) {
        const std::string& before = words[words.size() - 2];
        const Flag* flag = before.starts_with("--") ? flags.find(std::string_view(before).substr(2))
                                                    : flags.find_shorthand(before.back());
        if (flag != nullptr && flag->no_value.empty()) return offer_kind(flag->completion, last, settings);
    }
    if (last.starts_with('-')) return offer_flags(flags, last);
    return offer_kind(command.completes, last, settings);
}

std::string complete_path(std::string_view group, std::string_view prefix, const FlagSet& global_flags) {
    if (prefix.starts_with('-') && group.empty()) return offer_flags(global_flags, prefix);
    std::string out;
    for (const Command& command : commands()) {
        if (command.section == Command::Section::hidden) continue;
        auto [first, second] = cut(command.path, ' ');
        if (group.empty() && !second) offer(out, first, prefix);
        if (!group.empty() && second && first == group) offer(out, *second, prefix);
    }
    if (group.empty())
        for (std::string_view name : {"container", "image", "network", "system", "volume"})
            offer(out, name, prefix);
    return out;
}

Result<int> completion(Invocation& call) {
    if (!call.parse()) return call.exit_code();
    if (!call.arguments.empty() && call.arguments[0] != "bash")
        return fail(ErrorKind::invalid_argument, "completion for ", quote(call.arguments[0]),
                    " is not there: bash is");
    print_raw(replace_all(kBashScript, "PROGRAM", call.program()));
    return 0;
}

}  // namespace tare::cli::docker
