#include "image/registry/hosts_toml.h"

#include <algorithm>

#include "base/text.h"
#include "base/toml.h"

namespace tare::registry {

namespace {

constexpr std::size_t kFileLimit = std::size_t{1} << 20;
constexpr std::size_t kHostLimit = 64;

/// One table of the file, with its place for messages.
struct Section {
    const toml::table& table;
    const std::string& directory;

    Error error(std::string_view key, std::string_view why) const {
        auto* node = table.get(key);
        return fail(ErrorKind::invalid_argument, directory,
                    "/hosts.toml:", node ? node->source().begin.line : table.source().begin.line, ": ", key,
                    ": ", why);
    }
    std::string absolute(std::string_view file) const {
        return file.starts_with('/') ? std::string(file) : cat(directory, "/", file);
    }
    Result<bool> boolean(std::string_view key) const {
        auto* node = table.get(key);
        if (!node) return false;
        auto value = node->value_exact<bool>();
        if (!value) return error(key, "expected true or false");
        return *value;
    }
    /// A string or an array of strings.
    Result<std::vector<std::string>> words(std::string_view key) const {
        std::vector<std::string> out;
        auto* node = table.get(key);
        if (!node) return out;
        if (auto one = node->value_exact<std::string>()) return std::vector{*one};
        auto* array = node->as_array();
        if (!array) return error(key, "expected a string or a list of strings");
        for (auto& element : *array) {
            auto word = element.value_exact<std::string>();
            if (!word) return error(key, "expected a string or a list of strings");
            out.push_back(*word);
        }
        return out;
    }
};

Result<> read_capabilities(const Section& section, Endpoint& endpoint) {
    if (!section.table.contains("capabilities")) return {};
    endpoint.can_pull = endpoint.can_resolve = endpoint.can_push = false;
    for (auto& word : TRY(section.words("capabilities"))) {
        if (word == "pull")
            endpoint.can_pull = true;
        else if (word == "resolve")
            endpoint.can_resolve = true;
        else if (word == "push")
            endpoint.can_push = true;
        else
            return section.error("capabilities", cat(quote(word), " is none of pull, resolve, push"));
    }
    return {};
}

/// client = "both.pem" | ["cert", "cert"] | [["cert", "key"], …]; the first is used.
Result<> read_client(const Section& section, Endpoint& endpoint) {
    auto* node = section.table.get("client");
    if (!node) return {};
    auto* list = node->as_array();
    auto* first = list && !list->empty() ? list->get(0) : node;
    if (auto* pair = first->as_array()) {
        auto cert = !pair->empty() ? pair->get(0)->value_exact<std::string>() : std::nullopt;
        if (!cert || pair->size() > 2) return section.error("client", "expected [certificate, key]");
        endpoint.tls.client_cert_file = section.absolute(*cert);
        auto key = pair->size() == 2 ? pair->get(1)->value_exact<std::string>() : std::nullopt;
        if (key && !key->empty()) endpoint.tls.client_key_file = section.absolute(*key);
        return {};
    }
    auto file = first->value_exact<std::string>();
    if (!file) return section.error("client", "expected a file, a list of files or a list of pairs");
    endpoint.tls.client_cert_file = section.absolute(*file);
    return {};
}

Result<> read_headers(const Section& section, Endpoint& endpoint) {
    auto* node = section.table.get("header");
    if (!node) return {};
    auto* table = node->as_table();
    if (!table) return section.error("header", "expected a table");
    Section headers{*table, section.directory};
    for (auto& [key, unused] : *table) {
        std::string name(key.str());
        for (auto& value : TRY(headers.words(name))) {
            bool is_clean = (name + value).find_first_of("\r\n") == std::string::npos &&
                            name.find_first_of(": ") == std::string::npos;
            if (!is_clean) return headers.error(name, "not a header");
            endpoint.headers.emplace_back(name, value);
        }
    }
    return {};
}

Result<http::Url> base_url(const Section& section, std::string_view key, std::string_view text,
                           bool keep_path) {
    std::string whole =
        text.find("://") == std::string_view::npos ? cat("https://", text) : std::string(text);
    auto url = http::Url::parse(whole);
    if (!url) return section.error(key, url.error().message());
    if (!url->query().empty()) return section.error(key, "a query has no place here");
    std::string path = url->path();
    while (path.ends_with('/'))
        path.pop_back();
    if (!keep_path && !path.ends_with("/v2")) path += "/v2";
    auto origin = url->origin();
    if (origin.host == "docker.io") origin.host = "registry-1.docker.io";
    return http::Url::parse(cat(origin.text(), path));
}

Result<Endpoint> read_endpoint(const Section& section, std::string_view key, std::string_view address) {
    Endpoint endpoint;
    bool keep_path = TRY(section.boolean("override_path"));
    endpoint.base = TRY(base_url(section, key, address, keep_path));
    TRY(read_capabilities(section, endpoint));
    for (auto& file : TRY(section.words("ca")))
        endpoint.tls.ca_files.push_back(section.absolute(file));
    TRY(read_client(section, endpoint));
    endpoint.tls.skip_verify = TRY(section.boolean("skip_verify"));
    TRY(read_headers(section, endpoint));
    return endpoint;
}

/// The tables under [host."…"] as they stand in the file; the parser keeps them by name.
Result<std::vector<std::pair<std::string, const toml::table*>>> hosts_in_order(const Section& root) {
    std::vector<std::pair<std::string, const toml::table*>> hosts;
    auto* node = root.table.get("host");
    if (!node) return hosts;
    auto* tables = node->as_table();
    if (!tables) return root.error("host", "expected tables [host.\"https://…\"]");
    if (tables->size() > kHostLimit) return root.error("host", cat("more than ", kHostLimit, " hosts"));
    for (auto& [name, entry] : *tables) {
        auto* table = entry.as_table();
        if (!table) return root.error("host", "expected tables [host.\"https://…\"]");
        hosts.emplace_back(std::string(name.str()), table);
    }
    std::ranges::sort(hosts, {}, [](auto& host) {
        auto at = host.second->source().begin;
        return std::pair(at.line, at.column);
    });
    return hosts;
}

}  // namespace

Result<std::vector<Endpoint>> parse_hosts_toml(std::string_view text, const std::string& directory,
                                               const http::Url& upstream) {
    if (text.size() > kFileLimit)
        return fail(ErrorKind::resource_exhausted, directory, "/hosts.toml: longer than ", kFileLimit,
                    " bytes");
    auto parsed = toml::parse(text);
    if (!parsed) {
        auto& error = parsed.error();
        return fail(ErrorKind::invalid_argument, directory, "/hosts.toml:", error.source().begin.line, ": ",
                    error.description());
    }
    Section root{parsed.table(), directory};
    std::vector<Endpoint> endpoints;
    for (auto& [name, table] : TRY(hosts_in_order(root)))
        endpoints.push_back(TRY(read_endpoint({*table, directory}, name, name)));
    auto server = TRY(root.words("server"));
    Endpoint last = TRY(read_endpoint(root, "server", server.empty() ? upstream.text() : server.front()));
    // Named as the server's by the file: it is the registry, whatever address it has.
    last.is_upstream = true;
    for (auto& endpoint : endpoints)
        endpoint.is_upstream = endpoint.base.origin() == last.base.origin();
    endpoints.push_back(std::move(last));
    return endpoints;
}

}  // namespace tare::registry
