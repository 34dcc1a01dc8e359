#include "wire/http/address.h"

#include <cstring>
#include <string>

#include <arpa/inet.h>
#include <netinet/in.h>

namespace tare::http {

namespace {

bool is_local_v4(std::uint32_t address) {
    std::uint32_t first = address >> 24;
    bool is_link_local = (address >> 16) == 0xA9FE;  // 169.254.0.0/16: clouds answer secrets there
    return first == 0 || first == 127 || is_link_local;
}

bool is_local_v6(const in6_addr& address) {
    if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
        std::uint32_t inner = 0;
        std::memcpy(&inner, address.s6_addr + 12, sizeof inner);
        return is_local_v4(ntohl(inner));
    }
    return IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LOOPBACK(&address) ||
           IN6_IS_ADDR_LINKLOCAL(&address);
}

}  // namespace

bool is_local_address(const sockaddr& address) {
    if (address.sa_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, &address, sizeof v4);
        return is_local_v4(ntohl(v4.sin_addr.s_addr));
    }
    if (address.sa_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &address, sizeof v6);
        return is_local_v6(v6.sin6_addr);
    }
    return true;
}

bool is_local_address(std::string_view text) {
    std::string copy(text);
    in_addr v4{};
    if (inet_pton(AF_INET, copy.c_str(), &v4) == 1) return is_local_v4(ntohl(v4.s_addr));
    in6_addr v6{};
    if (inet_pton(AF_INET6, copy.c_str(), &v6) == 1) return is_local_v6(v6);
    return true;
}

}  // namespace tare::http
