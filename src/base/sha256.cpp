#include "base/sha256.h"

#include <array>
#include <cstdint>

#include <openssl/evp.h>

namespace tare {

struct Hasher::State {
    EVP_MD_CTX* context = EVP_MD_CTX_new();
    State() = default;
    State(const State&) = delete;
    State& operator=(const State&) = delete;
    ~State() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher(Algorithm algorithm) : state_(std::make_unique<State>()), algorithm_(algorithm) {
    EVP_DigestInit_ex(state_->context, algorithm == Algorithm::sha256 ? EVP_sha256() : EVP_sha512(), nullptr);
}

Hasher Hasher::for_digest(const Digest& expected) {
    return Hasher(expected.algorithm() == "sha512" ? Algorithm::sha512 : Algorithm::sha256);
}

Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

void Hasher::update(std::string_view bytes) {
    EVP_DigestUpdate(state_->context, bytes.data(), bytes.size());
}

Digest Hasher::digest() const {
    State copy;
    EVP_MD_CTX_copy_ex(copy.context, state_->context);
    std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
    unsigned length = 0;
    EVP_DigestFinal_ex(copy.context, bytes.data(), &length);
    std::string hex = hex_encode(std::span(bytes.data(), length));
    return algorithm_ == Algorithm::sha256 ? Digest::sha256_of_hex(std::move(hex))
                                           : Digest::sha512_of_hex(std::move(hex));
}

Digest sha256(std::string_view bytes) {
    Hasher hasher;
    hasher.update(bytes);
    return hasher.digest();
}

}  // namespace tare
