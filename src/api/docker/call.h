#pragma once

// One request as an endpoint sees it.

#include <optional>
#include <string>
#include <string_view>

#include "api/docker/router.h"
#include "api/docker/service.h"
#include "base/json.h"
#include "base/result.h"
#include "image/layer/byte_stream.h"
#include "wire/http/server_exchange.h"

namespace tare::docker {

/// Bounds of request bodies that are documents.
inline constexpr std::size_t kDocumentLimitBytes = std::size_t{8} << 20;

class Call {
  public:
    Call(const Parts& parts, http::ServerExchange& exchange, Match match)
        : parts(parts), exchange(exchange), version(match.version), captures_(std::move(match.captures)) {}

    const Parts& parts;
    http::ServerExchange& exchange;
    const ApiVersion version;

    /// The path's captures ("{id}"), in order.
    const std::string& name(std::size_t index = 0) const { return captures_[index]; }

    /// A query parameter, "" if it isn't there.
    std::string query(std::string_view key) const;
    bool has_query(std::string_view key) const;
    /// Docker's booleans: absent, "", 0, no, false and none are false, all else is true.
    bool query_flag(std::string_view key, bool otherwise = false) const;
    /// A whole number; invalid_argument names the parameter.
    template <class Integer>
    Result<std::optional<Integer>> query_integer(std::string_view key) const {
        std::string text = query(key);
        if (text.empty()) return std::optional<Integer>();
        auto number = parse_integer<Integer>(text);
        if (!number)
            return fail(ErrorKind::invalid_argument, "strconv.Atoi: parsing ", quote(text),
                        ": invalid syntax");
        return number;
    }
    std::string header(std::string_view name) const { return std::string(exchange.request().header(name)); }

    /// The body as a document. invalid_argument with Docker's words if there is none or it is no JSON;
    /// unsupported media types are refused.
    Result<Json> body();
    /// The same, but an empty body is an empty object.
    Result<Json> optional_body();

    Result<> respond(int status, const Json& document, const http::AnswerHeaders& headers = {});
    /// An answer without a body.
    Result<> respond_empty(int status);

  private:
    Result<Json> parse_body(bool may_be_empty);

    std::vector<std::string> captures_;
};

/// The request's body as a stream (docker load, cp).
class BodySource : public layer::ByteSource {
  public:
    explicit BodySource(http::ServerExchange& exchange) : exchange_(exchange) {}
    Result<std::size_t> read(std::span<char> buffer) override {
        return exchange_.read_body(buffer.data(), buffer.size());
    }

  private:
    http::ServerExchange& exchange_;
};

/// The answer's body as a stream; begins the answer at the first byte or at finish(), so that an error
/// before it can still be told by a status.
class AnswerSink : public layer::ByteSink {
  public:
    AnswerSink(Call& call, std::string content_type) : call_(call), content_type_(std::move(content_type)) {}
    /// Extra headers, before the first byte.
    void add_header(std::string name, std::string value) {
        headers_.emplace_back(std::move(name), std::move(value));
    }
    Result<> write(std::string_view bytes) override;
    Result<> flush();
    Result<> finish();

  private:
    Result<> begin();

    Call& call_;
    std::string content_type_;
    http::AnswerHeaders headers_;
};

}  // namespace tare::docker
