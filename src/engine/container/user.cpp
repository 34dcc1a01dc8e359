#include "engine/container/user.h"

#include <algorithm>

#include <fcntl.h>

#include "posix/path.h"
#include "posix/tree.h"

namespace tare::container {

namespace {

constexpr std::uint32_t kLastId = 2147483647;

struct Account {
    std::string_view name;
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
};

struct Group {
    std::string_view name;
    std::uint32_t gid = 0;
    std::string_view members;  ///< "a,b"
};

// An absent file has no entries, as in images that are one static program.
Result<std::string> read_account_file(int root, std::string_view path) {
    auto entry = posix::open_in_root(root, path, O_PATH);
    if (!entry && entry.error().is(ErrorKind::not_found)) return std::string();
    if (!entry) return entry.error();
    // Looked at before it is opened: opening a fifo waits, opening a device acts.
    if (!TRY(posix::status_of(entry->get())).is(posix::FileType::regular))
        return fail(ErrorKind::invalid_argument, path, " of the container is not a regular file");
    posix::Fd file = TRY(posix::reopen(entry->get(), O_RDONLY));
    return TRY_CONTEXT(posix::read_to_end(file.get(), kAccountFileBytes), path);
}

// Lines that are no entries are passed over, as every reader of these files does.
std::vector<Account> parse_passwd(std::string_view text) {
    std::vector<Account> accounts;
    for (std::string_view line : split(text, '\n')) {
        auto fields = split(trim(line), ':');
        if (fields.size() < 4 || fields[0].empty() || fields[0][0] == '#') continue;
        auto uid = parse_integer<std::uint32_t>(fields[2]);
        auto gid = parse_integer<std::uint32_t>(fields[3]);
        if (uid && gid) accounts.push_back({.name = fields[0], .uid = *uid, .gid = *gid});
    }
    return accounts;
}

std::vector<Group> parse_group(std::string_view text) {
    std::vector<Group> groups;
    for (std::string_view line : split(text, '\n')) {
        auto fields = split(trim(line), ':');
        if (fields.size() < 3 || fields[0].empty() || fields[0][0] == '#') continue;
        auto gid = parse_integer<std::uint32_t>(fields[2]);
        if (gid)
            groups.push_back({.name = fields[0], .gid = *gid, .members = fields.size() > 3 ? fields[3] : ""});
    }
    return groups;
}

bool is_number(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

Result<std::uint32_t> parse_id(std::string_view text) {
    auto id = parse_integer<std::uint32_t>(text);
    if (!id || *id > kLastId)
        return fail(ErrorKind::invalid_argument, "uids and gids must be in range 0-", kLastId, ", not ",
                    quote(text));
    return *id;
}

void add(std::vector<std::uint32_t>& gids, std::uint32_t gid) {
    if (std::ranges::find(gids, gid) == gids.end()) gids.push_back(gid);
}

// "+0", " 0" and "-1" are numbers to some readers and names to others; an image could have an account of that
// name (security RT15).
Result<> check_name(std::string_view name) {
    const bool is_ambiguous = !name.empty() && (name.front() == '+' || name.front() == '-');
    const bool has_blank = std::ranges::any_of(name, [](char c) { return c >= 0 && c <= ' '; });
    if (is_ambiguous || has_blank)
        return fail(ErrorKind::invalid_argument, quote(name), " is neither an id nor the name of an account");
    return {};
}

Result<std::uint32_t> find_group(const std::vector<Group>& groups, std::string_view wanted) {
    TRY(check_name(wanted));
    if (is_number(wanted)) return parse_id(wanted);
    auto group = std::ranges::find(groups, wanted, &Group::name);
    if (group != groups.end()) return group->gid;
    return fail(ErrorKind::invalid_argument, "unable to find group ", wanted,
                ": no matching entries in group file");
}

void add_memberships(std::vector<std::uint32_t>& gids, const std::vector<Group>& groups,
                     std::string_view account) {
    for (const Group& group : groups) {
        auto members = split(group.members, ',');
        if (std::ranges::find(members, account) != members.end()) add(gids, group.gid);
    }
}

// Sets the ids out of the user's part; the name of the account if there is one.
Result<std::string_view> apply_account(oci::User& user, const std::vector<Account>& accounts,
                                       std::string_view wanted) {
    TRY(check_name(wanted));
    std::uint32_t uid = 0;
    const bool is_id = wanted.empty() || is_number(wanted);
    if (!wanted.empty() && is_id) uid = TRY(parse_id(wanted));
    auto account = is_id ? std::ranges::find(accounts, uid, &Account::uid)
                         : std::ranges::find(accounts, wanted, &Account::name);
    if (account != accounts.end()) {
        user.uid = account->uid;
        user.gid = account->gid;
        return account->name;
    }
    if (!is_id)
        return fail(ErrorKind::invalid_argument, "unable to find user ", wanted,
                    ": no matching entries in passwd file");
    user.uid = uid;
    return std::string_view();
}

}  // namespace

Result<oci::User> resolve_user(int root, std::string_view text, const Strings& group_add) {
    const std::string passwd = TRY(read_account_file(root, "/etc/passwd"));
    const std::string group = TRY(read_account_file(root, "/etc/group"));
    const std::vector<Group> groups = parse_group(group);
    auto [user_part, group_part] = cut(text, ':');
    oci::User user;
    const std::string_view name = TRY(apply_account(user, parse_passwd(passwd), user_part));
    const bool has_group = group_part && !group_part->empty();
    if (has_group) user.gid = TRY(find_group(groups, *group_part));
    user.additional_gids.push_back(user.gid);
    // Who names a group gets that one alone.
    if (!has_group && !name.empty()) add_memberships(user.additional_gids, groups, name);
    for (const std::string& extra : group_add)
        add(user.additional_gids, TRY(find_group(groups, extra)));
    return user;
}

}  // namespace tare::container
