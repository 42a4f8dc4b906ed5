#include "net/core/secret.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <stdexcept>

namespace sluice::net {

mac hmac_sha256(std::string_view secret, std::initializer_list<byte_view> pieces) {
  byte_buffer text;
  byte_writer out(text);
  for (auto piece : pieces) {
    out.u32(piece.size());
    out.bytes(piece);
  }
  mac value{};
  unsigned int size = 0;
  // OpenSSL reads a null key as "keep the previous one"; an empty secret still needs an address.
  const char* key = secret.empty() ? "" : secret.data();
  auto* done =
      HMAC(EVP_sha256(), key, static_cast<int>(secret.size()), text.data(), text.size(), value.data(), &size);
  if (!done || size != value.size()) throw std::runtime_error("HMAC-SHA256 is not available");
  return value;
}

nonce random_nonce() {
  nonce value{};
  if (RAND_bytes(value.data(), static_cast<int>(value.size())) != 1)
    throw std::runtime_error("the system gives no random bytes");
  return value;
}

bool equal_in_constant_time(byte_view a, byte_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

} // namespace sluice::net
