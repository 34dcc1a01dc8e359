#include "apps/tared/config.h"

#include <algorithm>

#include <fcntl.h>

#include "base/toml.h"
#include "posix/credentials.h"
#include "posix/file.h"
#include "posix/mount.h"

namespace tare::tared {

namespace {

constexpr std::size_t kFileLimitBytes = std::size_t{1} << 20;

/// One table of the file: every key has to be asked for, so that a misspelt one is an error.
class Section {
  public:
    Section(const toml::table& table, std::string path, std::string prefix)
        : table_(table), path_(std::move(path)), prefix_(std::move(prefix)) {}

    Error wrong(std::string_view key, const toml::node& node, std::string_view expected) const {
        return fail(ErrorKind::invalid_argument, path_, ":", node.source().begin.line, ": ", prefix_, key,
                    ": expected ", expected);
    }

    Result<> text(std::string_view key, std::string& value) {
        const toml::node* node = take(key);
        if (!node) return {};
        auto found = node->value_exact<std::string>();
        if (!found) return wrong(key, *node, "a string");
        value = std::move(*found);
        return {};
    }
    Result<> number(std::string_view key, int& value) {
        const toml::node* node = take(key);
        if (!node) return {};
        auto found = node->value_exact<std::int64_t>();
        if (!found || *found < 0 || *found > 65535) return wrong(key, *node, "a number from 0 to 65535");
        value = static_cast<int>(*found);
        return {};
    }
    Result<> texts(std::string_view key, std::vector<std::string>& values) {
        const toml::node* node = take(key);
        if (!node) return {};
        if (!node->is_array()) return wrong(key, *node, "a list of strings");
        values.clear();
        for (const toml::node& element : *node->as_array()) {
            auto found = element.value_exact<std::string>();
            if (!found) return wrong(key, element, "a string");
            values.push_back(std::move(*found));
        }
        return {};
    }
    Result<> choice(std::string_view key, std::initializer_list<std::string_view> words, std::size_t& index) {
        const toml::node* node = take(key);
        if (!node) return {};
        auto found = node->value_exact<std::string>();
        std::size_t i = 0;
        for (std::string_view word : words) {
            if (found && *found == word) {
                index = i;
                return {};
            }
            ++i;
        }
        return wrong(key, *node,
                     cat("one of ", join(std::vector<std::string>(words.begin(), words.end()), ", ")));
    }
    Result<> pairs(std::string_view key, std::vector<std::pair<std::string, std::string>>& values) {
        const toml::node* node = take(key);
        if (!node) return {};
        if (!node->is_table()) return wrong(key, *node, "a table of strings");
        for (const auto& [name, element] : *node->as_table()) {
            auto found = element.value_exact<std::string>();
            if (!found) return wrong(key, element, "a string");
            values.emplace_back(name.str(), std::move(*found));
        }
        return {};
    }
    /// Reads a table below this one.
    template <class Read>
    Result<> table(std::string_view key, Read&& read) {
        const toml::node* node = take(key);
        if (!node) return {};
        if (!node->is_table()) return wrong(key, *node, "a table");
        Section section(*node->as_table(), path_, cat(prefix_, key, "."));
        TRY(read(section));
        return section.done();
    }
    /// An error for the first key that nobody asked for.
    Result<> done() const {
        for (const auto& [key, node] : table_)
            if (std::ranges::find(taken_, key.str()) == taken_.end())
                return fail(ErrorKind::invalid_argument, path_, ":", node.source().begin.line, ": ", prefix_,
                            key.str(), ": no such setting");
        return {};
    }

  private:
    const toml::node* take(std::string_view key) {
        taken_.emplace_back(key);
        return table_.get(key);
    }

    const toml::table& table_;
    std::string path_;
    std::string prefix_;
    std::vector<std::string> taken_;
};

Result<> read_hosts(Section& section, const std::string& path, Config& config) {
    TRY(section.texts("hosts", config.hosts));
    for (std::string& host : config.hosts) {
        constexpr std::string_view scheme = "unix://";
        if (!host.starts_with(scheme) || host.size() == scheme.size())
            return Error(ErrorKind::invalid_argument, cat(path, ": hosts: ", quote(host), " is not served"))
                .set_hint("only unix:///PATH is; use ssh for remote access");
        host.erase(0, scheme.size());
    }
    return {};
}

Result<Config> read_all(const toml::table& table, const std::string& path) {
    Config config;
    Section top(table, path, "");
    TRY(top.text("root", config.root));
    TRY(top.text("state", config.state));
    TRY(top.text("group", config.group));
    TRY(top.text("namespace", config.name_space));
    TRY(read_hosts(top, path, config));
    TRY(top.table("log", [&](Section& log) {
        auto level = static_cast<std::size_t>(config.log_level);
        auto read = log.choice("level", {"debug", "info", "warning", "error"}, level);
        config.log_level = static_cast<log::Level>(level);
        return read;
    }));
    TRY(top.table("registry", [&](Section& registry) -> Result<> {
        TRY(registry.texts("certs", config.registry_certs));
        TRY(registry.texts("insecure", config.insecure_registries));
        TRY(registry.texts("trusted-realms", config.trusted_realms));
        return registry.texts("mirrors", config.registry_mirrors);
    }));
    TRY(top.table("storage", [&](Section& storage) {
        auto kind = static_cast<std::size_t>(config.snapshots);
        auto read = storage.choice("snapshotter", {"auto", "overlay", "native"}, kind);
        config.snapshots = static_cast<Snapshots>(kind);
        return read;
    }));
    TRY(top.table("container", [&](Section& container) {
        return container.table("log", [&](Section& log) -> Result<> {
            TRY(log.text("driver", config.container_log_driver));
            return log.pairs("options", config.container_log_options);
        });
    }));
    TRY(top.table("network", [&](Section& network) -> Result<> {
        TRY(network.text("bridge", config.bridge_address));
        TRY(network.texts("pools", config.address_pools));
        return network.number("mtu", config.mtu);
    }));
    TRY(top.done());
    return config;
}

}  // namespace

Result<Config> parse_config(std::string_view text, const std::string& path) {
    const toml::parse_result parsed = toml::parse(text, path);
    if (!parsed) {
        const toml::parse_error& error = parsed.error();
        return fail(ErrorKind::invalid_argument, path, ":", error.source().begin.line, ": ",
                    error.description());
    }
    return read_all(parsed.table(), path);
}

Result<Config> load_config(const std::string& path, bool must_exist) {
    auto file = posix::open_file(path, O_RDONLY | O_NONBLOCK);
    if (!file && file.error().is(ErrorKind::not_found) && !must_exist) return Config();
    if (!file) return std::move(file.error());
    // It says whom the daemon trusts: only root may have written it.
    const auto facts = TRY(posix::node_facts(file->get()));
    const bool is_ours = facts.uid == 0 || facts.uid == posix::effective_user();
    if (facts.kind != posix::NodeFacts::Kind::regular || !is_ours || (facts.mode & 022U) != 0)
        return fail(ErrorKind::failed_precondition, path,
                    ": must be a file of root that nobody else can write to");
    return parse_config(TRY_CONTEXT(posix::read_to_end(file->get(), kFileLimitBytes), path), path);
}

}  // namespace tare::tared
