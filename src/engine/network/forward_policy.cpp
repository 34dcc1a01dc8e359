#include "engine/network/forward_policy.h"

#include <algorithm>
#include <set>
#include <utility>

#include "posix/file.h"
#include "posix/process.h"

namespace tare::network {

namespace {

constexpr const char* kLegacyProgram = "/usr/sbin/iptables-legacy";
constexpr std::size_t kMaxListingBytes = std::size_t{4} << 20;

/// A direction ("iifname", "oifname"; "-i", "-o") and a bridge.
using Pass = std::pair<std::string, std::string>;

std::set<Pass> passes_for(const std::vector<std::string>& bridges, const char* in, const char* out) {
    std::set<Pass> passes;
    for (auto& bridge : bridges) {
        passes.emplace(in, bridge);
        passes.emplace(out, bridge);
    }
    return passes;
}

struct ChainRule {
    std::uint64_t handle = 0;
    bool is_refusal = false;   ///< of everything
    std::optional<Pass> pass;  ///< if it is ours
};

/// A rule whose statements are a counter and a verdict against the packet, whatever it is.
bool refuses_everything(const Json& rule) {
    const Json* expressions = rule.find("expr");
    if (expressions == nullptr || expressions->as_array() == nullptr) return false;
    bool refuses = false;
    for (auto& expression : *expressions->as_array()) {
        if (expression.find("counter") != nullptr || expression.find("log") != nullptr) continue;
        const Json* extension = expression.find("xt");
        const Json* name = extension == nullptr ? nullptr : extension->find("name");
        bool is_refusal = expression.find("drop") != nullptr || expression.find("reject") != nullptr ||
                          (name != nullptr && *name == Json("REJECT"));
        if (!is_refusal) return false;
        refuses = true;
    }
    return refuses;
}

std::optional<Pass> pass_of(const Json& rule, const std::string& table) {
    const Json* comment = rule.find("comment");
    if (comment == nullptr || *comment != Json(table)) return std::nullopt;
    Pass pass;
    const Json* expressions = rule.find("expr");
    if (expressions == nullptr || expressions->as_array() == nullptr) return pass;
    for (auto& expression : *expressions->as_array()) {
        const Json* match = expression.find("match");
        if (match == nullptr) continue;
        const Json* left = match->find("left");
        const Json* meta = left == nullptr ? nullptr : left->find("meta");
        const Json* key = meta == nullptr ? nullptr : meta->find("key");
        const Json* right = match->find("right");
        if (key == nullptr || key->as_string() == nullptr || right == nullptr) continue;
        if (right->as_string() != nullptr) pass = {*key->as_string(), *right->as_string()};
    }
    return pass;
}

struct Chain {
    bool drops_by_default = false;
    std::vector<ChainRule> rules;
};

Chain read_chain(const Json& listing, const std::string& table) {
    Chain chain;
    const Json* items = listing.find("nftables");
    if (items == nullptr || items->as_array() == nullptr) return chain;
    for (auto& item : *items->as_array()) {
        if (const Json* head = item.find("chain")) {
            const Json* policy = head->find("policy");
            chain.drops_by_default = policy != nullptr && *policy == Json("drop");
        }
        const Json* rule = item.find("rule");
        const Json* handle = rule == nullptr ? nullptr : rule->find("handle");
        if (handle == nullptr) continue;
        chain.rules.push_back({.handle = handle->as_uint64().value_or(0),
                               .is_refusal = refuses_everything(*rule),
                               .pass = pass_of(*rule, table)});
    }
    return chain;
}

Result<std::string> run_legacy(const std::vector<std::string>& arguments) {
    auto pipe = TRY(posix::make_pipe());
    std::vector<std::string> args{"iptables-legacy", "-w", "5"};
    args.insert(args.end(), arguments.begin(), arguments.end());
    auto process = TRY(posix::spawn(
        {.program = kLegacyProgram, .args = args, .env = {}, .descriptors = {{pipe.write_end.get(), 1}}}));
    pipe.write_end.reset();
    std::string output = TRY(posix::read_to_end(pipe.read_end.get(), kMaxListingBytes));
    auto end = TRY(process.wait(Deadline::after(std::chrono::seconds(10))));
    if (end.shell_code() == 0) return output;
    return fail(ErrorKind::unavailable, "iptables-legacy ", join(arguments, " "), ": exit status ",
                end.shell_code());
}

}  // namespace

std::string pass_commands(const Json& listing, const std::string& table,
                          const std::vector<std::string>& bridges) {
    Chain chain = read_chain(listing, table);
    auto refusal = std::ranges::find_if(chain.rules, &ChainRule::is_refusal);
    bool is_needed = chain.drops_by_default || refusal != chain.rules.end();
    std::set<Pass> missing;
    if (is_needed) missing = passes_for(bridges, "iifname", "oifname");

    std::string commands;
    for (auto rule = chain.rules.begin(); rule != chain.rules.end(); ++rule) {
        if (!rule->pass) continue;
        // Behind a refusal it is as good as not there.
        bool is_reached = rule < refusal;
        if (is_reached && missing.erase(*rule->pass) == 1) continue;
        commands += cat("delete rule ip filter FORWARD handle ", rule->handle, "\n");
    }
    std::string place = refusal == chain.rules.end()
                            ? "add rule ip filter FORWARD"
                            : cat("insert rule ip filter FORWARD handle ", refusal->handle);
    for (auto& [direction, bridge] : missing)
        commands += cat(place, " ", direction, " \"", bridge, "\" counter accept comment \"", table, "\"\n");
    return commands;
}

std::vector<std::vector<std::string>> legacy_commands(std::string_view listing, const std::string& table,
                                                      const std::vector<std::string>& bridges) {
    bool is_needed = false;
    int refusal = 0;  // its number in the chain
    int number = 0;
    std::set<Pass> present;
    for (auto line : split(listing, '\n')) {
        auto words = split_words(line);
        if (words.size() < 3) continue;
        if (words[0] == "-P") is_needed = words[2] != "ACCEPT";
        if (words[0] != "-A") continue;
        ++number;
        if (words.size() < 4) continue;
        if (refusal == 0 && words[2] == "-j" && (words[3] == "DROP" || words[3] == "REJECT"))
            refusal = number;
        auto comment = std::ranges::find(words, "--comment");
        bool is_ours = comment != words.end() && comment + 1 != words.end() && comment[1] == table;
        if (is_ours && refusal == 0)
            present.emplace(words[2], words[3]);
        else if (is_ours)
            present.emplace(cat("unreached ", words[2]), words[3]);
    }
    std::set<Pass> wanted;
    if (is_needed || refusal != 0) wanted = passes_for(bridges, "-i", "-o");

    std::vector<std::vector<std::string>> commands;
    auto rule = [&](const Pass& pass) {
        return std::vector<std::string>{pass.first,  pass.second, "-m", "comment",
                                        "--comment", table,       "-j", "ACCEPT"};
    };
    auto command = [&](std::vector<std::string> start, const Pass& pass) {
        auto rest = rule(pass);
        start.insert(start.end(), rest.begin(), rest.end());
        commands.push_back(std::move(start));
    };
    for (auto& [direction, bridge] : present) {
        bool is_unreached = direction.starts_with("unreached ");
        Pass pass{is_unreached ? direction.substr(direction.size() - 2) : direction, bridge};
        if (!is_unreached && wanted.erase(pass) == 1) continue;
        command({"-D", "FORWARD"}, pass);
    }
    for (auto& pass : wanted) {
        if (refusal == 0) {
            command({"-A", "FORWARD"}, pass);
        } else {
            command({"-I", "FORWARD", cat(refusal)}, pass);
        }
    }
    return commands;
}

Result<> pass_legacy_chain(const std::string& table, const std::vector<std::string>& bridges) {
    auto names = posix::read_file("/proc/net/ip_tables_names", 4096);
    if (!names || names->find("filter") == std::string::npos || !posix::exists(kLegacyProgram)) return {};
    std::string listing = TRY(run_legacy({"-S", "FORWARD"}));
    for (auto& arguments : legacy_commands(listing, table, bridges))
        TRY(run_legacy(arguments));
    return {};
}

}  // namespace tare::network
