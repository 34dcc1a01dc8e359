#include "engine/network/container_files.h"

#include <algorithm>

#include <arpa/inet.h>

#include "base/text.h"
#include "posix/file.h"

namespace tare::network {

namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{1} << 20;
constexpr const char* kResolvConf = "/etc/resolv.conf";
constexpr const char* kSystemdResolvConf = "/run/systemd/resolve/resolv.conf";

bool is_ipv4(std::string_view text) {
    return Ipv4::parse(text).has_value();
}
/// A scope ("fe80::1%eth0") is not part of the address.
bool is_ipv6(std::string_view text) {
    in6_addr address{};
    return ::inet_pton(AF_INET6, std::string(cut(text, '%').before).c_str(), &address) == 1;
}

struct Resolver {
    std::vector<std::string> nameservers;
    std::vector<std::string> search;
    std::vector<std::string> options;
};

/// resolv.conf(5): a keyword at the start of a line; of several search lines the last one counts.
Resolver parse_resolv_conf(std::string_view file) {
    Resolver resolver;
    for (auto line : split(file, '\n')) {
        auto words = split_words(line);
        if (words.size() < 2 || words[0].starts_with('#') || words[0].starts_with(';')) continue;
        std::vector<std::string> values(words.begin() + 1, words.end());
        if (words[0] == "nameserver") resolver.nameservers.push_back(values.front());
        if (words[0] == "search" || words[0] == "domain") resolver.search = values;
        if (words[0] == "options")
            resolver.options.insert(resolver.options.end(), values.begin(), values.end());
    }
    return resolver;
}

/// Within reach of a container that has IPv4 alone.
bool is_reachable(const std::string& nameserver) {
    auto address = Ipv4::parse(nameserver);
    return address && !address->is_loopback();
}

bool is_host_name(std::string_view name) {
    return !name.empty() && std::ranges::none_of(name, [](unsigned char c) {
        return std::isspace(c) != 0 || std::iscntrl(c) != 0 || c == '#';
    });
}

}  // namespace

std::string render_hosts(std::string_view hostname, std::string_view domainname,
                         const std::vector<std::string>& addresses, const std::vector<HostEntry>& extra) {
    std::string file =
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "ff00::0\tip6-mcastprefix\n"
        "ff02::1\tip6-allnodes\n"
        "ff02::2\tip6-allrouters\n";
    for (auto& entry : extra)
        file += cat(entry.address, "\t", entry.names, "\n");
    std::string names(hostname);
    if (!domainname.empty()) names = cat(hostname, ".", domainname, " ", hostname);
    for (auto& address : addresses)
        if (!address.empty() && !names.empty()) file += cat(address, "\t", names, "\n");
    return file;
}

Result<HostEntry> parse_extra_host(std::string_view text, Ipv4 host_gateway) {
    Error error = fail(ErrorKind::invalid_argument, "bad format for add-host: ", quote(text));
    auto place = text.find_first_of("=:");
    if (place == std::string_view::npos) return error;
    std::string_view name = text.substr(0, place);
    std::string_view address = text.substr(place + 1);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    if (!is_host_name(name)) return error;
    if (address == "host-gateway")
        return HostEntry{.address = host_gateway.text(), .names = std::string(name)};
    if (!is_ipv4(address) && !is_ipv6(address))
        return fail(ErrorKind::invalid_argument, "invalid IP address in add-host: ", quote(address));
    return HostEntry{.address = std::string(address), .names = std::string(name)};
}

std::string render_resolv_conf(std::string_view host_file, const ResolverOptions& options) {
    Resolver resolver = parse_resolv_conf(host_file);
    if (!options.nameservers.empty()) {
        resolver.nameservers = options.nameservers;
    } else {
        std::erase_if(resolver.nameservers,
                      [](const std::string& nameserver) { return !is_reachable(nameserver); });
        if (resolver.nameservers.empty()) resolver.nameservers = {"8.8.8.8", "8.8.4.4"};
    }
    if (!options.search.empty()) resolver.search = options.search;
    if (resolver.search == std::vector<std::string>{"."}) resolver.search.clear();
    if (!options.options.empty()) resolver.options = options.options;

    std::string file;
    for (auto& nameserver : resolver.nameservers)
        file += cat("nameserver ", nameserver, "\n");
    if (!resolver.search.empty()) file += cat("search ", join(resolver.search, " "), "\n");
    if (!resolver.options.empty()) file += cat("options ", join(resolver.options, " "), "\n");
    return file;
}

std::string read_host_resolv_conf() {
    auto file = posix::read_file(kResolvConf, kMaxFileBytes);
    if (!file) return "";
    auto nameservers = parse_resolv_conf(*file).nameservers;
    bool is_stub = nameservers == std::vector<std::string>{"127.0.0.53"};
    if (!is_stub) return std::move(*file);
    auto upstream = posix::read_file(kSystemdResolvConf, kMaxFileBytes);
    return upstream ? std::move(*upstream) : std::move(*file);
}

Result<> check_nameservers(const std::vector<std::string>& nameservers) {
    for (auto& nameserver : nameservers)
        if (!is_ipv4(nameserver) && !is_ipv6(nameserver))
            return fail(ErrorKind::invalid_argument, quote(nameserver), " is not an ip address");
    return {};
}

}  // namespace tare::network
