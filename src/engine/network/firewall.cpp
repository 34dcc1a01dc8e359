#include "engine/network/firewall.h"

#include <nftables/libnftables.h>

#include "base/log.h"
#include "engine/network/forward_policy.h"

namespace tare::network {

namespace {

constexpr std::string_view kChains = R"(
    set bridges { type ifname; }
    set internal { type ifname; }
    set pairs { type ifname . ifname; }
    set subnets { type ipv4_addr; flags interval; auto-merge; }
    set sources { type ipv4_addr; flags interval; auto-merge; }
    map published { type inet_proto . inet_service : ipv4_addr . inet_service; }
    map published_on { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }

    chain arrive {
        type filter hook prerouting priority -300; policy accept;
        iifname != "lo" ip daddr 127.0.0.0/8 drop
        iifname != "lo" ip saddr 127.0.0.0/8 drop
        iifname @bridges meta nfproto ipv6 drop
    }
    chain publish_arriving {
        type nat hook prerouting priority -100; policy accept;
        dnat ip to ip daddr . meta l4proto . th dport map @published_on
        fib daddr type local dnat ip to meta l4proto . th dport map @published
    }
    chain publish_local {
        type nat hook output priority -100; policy accept;
        dnat ip to ip daddr . meta l4proto . th dport map @published_on
        fib daddr type local dnat ip to meta l4proto . th dport map @published
    }
    chain leave {
        type nat hook postrouting priority 100; policy accept;
        oifname @bridges ct status dnat ip saddr 127.0.0.0/8 masquerade
        oifname @bridges ct status dnat ip saddr @subnets masquerade
        ip saddr @sources oifname != @bridges masquerade
    }
    chain forward {
        type filter hook forward priority 0; policy accept;
        iifname . oifname @pairs accept
        iifname @internal drop
        oifname @internal drop
        oifname @bridges ct state established,related accept
        oifname @bridges ct status dnat accept
        oifname @bridges drop
    }
}
)";

/// Elements of one set, collected; nothing at all for none.
class Elements {
  public:
    void add(const std::string& element) { list_ += (list_.empty() ? "" : ", ") + element; }
    std::string command(std::string_view verb, const std::string& table, std::string_view set) const {
        if (list_.empty()) return "";
        return cat(verb, " element inet ", table, " ", set, " { ", list_, " }\n");
    }

  private:
    std::string list_;
};

/// The elements of both maps. A removal names keys alone.
std::string port_commands(std::string_view verb, const std::string& table,
                          const std::vector<FirewallPort>& ports) {
    Elements everywhere;
    Elements on_address;
    for (auto& [port, address] : ports) {
        std::string key = cat(to_string(port.protocol), " . ", port.host_port);
        std::string value = cat(" : ", address.text(), " . ", port.container_port);
        if (port.host_ip.is_any()) {
            everywhere.add(key + value);
        } else {
            on_address.add(cat(port.host_ip.text(), " . ", key, value));
        }
    }
    return everywhere.command(verb, table, "published") + on_address.command(verb, table, "published_on");
}

/// Lines inside chains, but for that of the hook.
std::size_t count_rules(std::string_view table) {
    std::size_t count = 0;
    bool is_in_chain = false;
    for (auto line : split(table, '\n')) {
        line = trim(line);
        if (line == "}") is_in_chain = false;
        if (is_in_chain && !line.empty() && !line.starts_with("type ")) ++count;
        if (line.starts_with("chain ")) is_in_chain = true;
    }
    return count;
}

std::string quoted(const std::string& interface) {
    return cat("\"", interface, "\"");
}

}  // namespace

std::string render_table(const std::string& table, const FirewallState& state) {
    Elements bridges;
    Elements internal;
    Elements pairs;
    Elements subnets;
    Elements sources;
    for (auto& bridge : state.bridges) {
        std::string name = quoted(bridge.interface);
        bridges.add(name);
        pairs.add(name + " . " + name);
        subnets.add(bridge.subnet.text());
        if (bridge.is_internal) internal.add(name);
        if (bridge.is_masqueraded && !bridge.is_internal) sources.add(bridge.subnet.text());
    }
    // "add" first, so that "delete" finds one in any case: one transaction without a gap.
    return cat("add table inet ", table, "\ndelete table inet ", table, "\ntable inet ", table, " {", kChains,
               bridges.command("add", table, "bridges"), internal.command("add", table, "internal"),
               pairs.command("add", table, "pairs"), subnets.command("add", table, "subnets"),
               sources.command("add", table, "sources"), port_commands("add", table, state.ports));
}

Firewall::Firewall(std::string table) : table_(std::move(table)) {}

Firewall::~Firewall() {
    if (context_ != nullptr) nft_ctx_free(context_);
}

Result<std::string> Firewall::run(const std::string& commands, unsigned output_flags) {
    if (context_ == nullptr) {
        context_ = nft_ctx_new(NFT_CTX_DEFAULT);
        if (context_ == nullptr) return fail(ErrorKind::unavailable, "nftables: out of memory or sockets");
        nft_ctx_buffer_output(context_);
        nft_ctx_buffer_error(context_);
    }
    nft_ctx_output_set_flags(context_, output_flags);
    int outcome = nft_run_cmd_from_buffer(context_, commands.c_str());
    std::string output = nft_ctx_get_output_buffer(context_);
    std::string complaint = nft_ctx_get_error_buffer(context_);
    if (outcome == 0) return output;
    std::string_view first = split(complaint, '\n').front();
    return fail(ErrorKind::aborted, "nftables: ", first.empty() ? "no reason given" : first);
}

Result<> Firewall::apply(const FirewallState& state) {
    std::scoped_lock lock(mutex_);
    TRY_CONTEXT(run(render_table(table_, state)), cat("make table inet ", table_));
    std::string listed = TRY(run(cat("list table inet ", table_), NFT_CTX_OUTPUT_TERSE));
    // Someone may have been quick to take rules away again; then nothing that is there is as it should be.
    applied_ = count_rules(listed) == count_rules(kChains) ? listed : "";
    return {};
}

Result<> Firewall::add_ports(const std::vector<FirewallPort>& ports) {
    std::scoped_lock lock(mutex_);
    TRY_CONTEXT(run(port_commands("add", table_, ports)), "publish ports");
    return {};
}

Result<> Firewall::remove_ports(const std::vector<FirewallPort>& ports) {
    std::scoped_lock lock(mutex_);
    TRY_CONTEXT(run(port_commands("delete", table_, ports)), "take back published ports");
    return {};
}

Result<bool> Firewall::exists() {
    std::scoped_lock lock(mutex_);
    std::string tables = "\n" + TRY(run("list tables inet"));
    return tables.find(cat("\ntable inet ", table_, "\n")) != std::string::npos;
}

Result<bool> Firewall::is_intact() {
    std::scoped_lock lock(mutex_);
    auto present = run(cat("list table inet ", table_), NFT_CTX_OUTPUT_TERSE);
    return present && *present == applied_;
}

Result<> Firewall::remove() {
    std::scoped_lock lock(mutex_);
    TRY_CONTEXT(run(cat("add table inet ", table_, "\ndelete table inet ", table_, "\n")),
                cat("remove table inet ", table_));
    return {};
}

Result<> Firewall::pass_foreign_chains(const std::vector<std::string>& bridges) {
    {
        std::scoped_lock lock(mutex_);
        // A host without iptables-nft has no such chain.
        auto listing = run("list chain ip filter FORWARD", NFT_CTX_OUTPUT_JSON | NFT_CTX_OUTPUT_HANDLE);
        if (listing) {
            Json document = TRY(parse_json(*listing, {.what = "list of nftables", .size_bytes = 32 << 20}));
            std::string commands = pass_commands(document, table_, bridges);
            if (!commands.empty()) TRY_CONTEXT(run(commands), "pass the chain FORWARD of iptables");
        }
    }
    return pass_legacy_chain(table_, bridges);
}

}  // namespace tare::network
