#include "image/registry/realm.h"

#include <algorithm>
#include <array>

#include "base/text.h"

namespace tare::registry {

namespace {

/// Domains below which strangers get names of their own. Not the whole public suffix list: the clouds
/// and code hosts where registries stand.
constexpr std::array<std::string_view, 22> kSharedSuffixes = {"github.io",
                                                              "gitlab.io",
                                                              "herokuapp.com",
                                                              "azurewebsites.net",
                                                              "cloudapp.net",
                                                              "azurecr.io",
                                                              "cloudapp.azure.com",
                                                              "amazonaws.com",
                                                              "cloudfront.net",
                                                              "elasticbeanstalk.com",
                                                              "appspot.com",
                                                              "run.app",
                                                              "web.app",
                                                              "pages.dev",
                                                              "workers.dev",
                                                              "fly.dev",
                                                              "vercel.app",
                                                              "netlify.app",
                                                              "ngrok.io",
                                                              "ngrok-free.app",
                                                              "onrender.com",
                                                              "digitaloceanspaces.com"};

bool is_ip_address(std::string_view host) {
    return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

bool is_below(std::string_view host, std::string_view suffix) {
    return host.size() > suffix.size() && host.ends_with(suffix) &&
           host[host.size() - suffix.size() - 1] == '.';
}

/// The last `labels` labels of the host; the whole host if it has fewer.
std::string_view last_labels(std::string_view host, int labels) {
    std::size_t at = host.size();
    for (int i = 0; i < labels; ++i) {
        at = host.rfind('.', at == 0 ? 0 : at - 1);
        if (at == std::string_view::npos) return host;
    }
    return host.substr(at + 1);
}

}  // namespace

std::string_view registrable_domain(std::string_view host) {
    if (is_ip_address(host)) return host;
    // Regional names put something between the customer and the suffix: then only the whole host is one.
    if (std::ranges::any_of(kSharedSuffixes, [&](auto suffix) { return is_below(host, suffix); }))
        return host;
    auto top = last_labels(host, 1);
    auto second = last_labels(host, 2);
    auto second_label = second.substr(0, second.find('.'));
    // "co.uk", "com.au", "ac.jp": a country's own shared suffixes are short.
    bool is_country_suffix = top.size() == 2 && second_label.size() <= 3;
    return last_labels(host, is_country_suffix ? 3 : 2);
}

RealmTrust judge_realm(const http::Origin& registry, const http::Origin& realm,
                       std::span<const std::string> trusted_hosts) {
    if (registry.is_tls && !realm.is_tls) return RealmTrust::refused;
    bool is_named = std::ranges::any_of(trusted_hosts, [&](auto& trusted) {
        return to_lower(trusted) == realm.host || to_lower(trusted) == cat(realm.host, ":", realm.port);
    });
    if (registry.host == realm.host || is_named) return RealmTrust::trusted;
    bool has_dot = registry.host.find('.') != std::string::npos;
    bool is_same_site = has_dot && registrable_domain(registry.host) == registrable_domain(realm.host) &&
                        !is_ip_address(registry.host);
    return is_same_site ? RealmTrust::trusted : RealmTrust::anonymous;
}

}  // namespace tare::registry
