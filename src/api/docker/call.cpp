#include "api/docker/call.h"

namespace tare::docker {

std::string Call::query(std::string_view key) const {
    return std::string(exchange.request().query_value(key).value_or(""));
}

bool Call::has_query(std::string_view key) const {
    return exchange.request().query_value(key).has_value();
}

bool Call::query_flag(std::string_view key, bool otherwise) const {
    auto value = exchange.request().query_value(key);
    if (!value) return otherwise;
    std::string text = to_lower(trim(*value));
    return !(text.empty() || text == "0" || text == "no" || text == "false" || text == "none");
}

Result<Json> Call::parse_body(bool may_be_empty) {
    std::string type = to_lower(trim(cut(header("content-type"), ';').before));
    std::string text = TRY(exchange.read_whole_body(kDocumentLimitBytes));
    if (trim(text).empty()) {
        if (may_be_empty) return Json::object();
        return fail(ErrorKind::invalid_argument, "invalid JSON: got EOF while reading request body");
    }
    if (type != "application/json")
        return fail(ErrorKind::invalid_argument, "unsupported Content-Type header (",
                    type.empty() ? std::string("none") : type, "): must be 'application/json'");
    auto document = parse_json(text, {.what = "invalid JSON", .size_bytes = kDocumentLimitBytes});
    if (!document) return document;
    if (!document->is_object())
        return fail(ErrorKind::invalid_argument, "invalid JSON: the request body is no object");
    return document;
}

Result<Json> Call::body() {
    return parse_body(false);
}

Result<Json> Call::optional_body() {
    return parse_body(true);
}

Result<> Call::respond(int status, const Json& document, const http::AnswerHeaders& headers) {
    http::AnswerHeaders all = headers;
    all.emplace_back("Content-Type", "application/json");
    return exchange.respond(status, dump(document) + "\n", all);
}

Result<> Call::respond_empty(int status) {
    return exchange.respond(status, "");
}

Result<> AnswerSink::begin() {
    if (call_.exchange.is_answered()) return {};
    http::AnswerHeaders headers = headers_;
    headers.emplace_back("Content-Type", content_type_);
    return call_.exchange.begin(200, headers);
}

Result<> AnswerSink::write(std::string_view bytes) {
    TRY(begin());
    return call_.exchange.write(bytes);
}

Result<> AnswerSink::flush() {
    TRY(begin());
    return call_.exchange.flush();
}

Result<> AnswerSink::finish() {
    TRY(begin());
    return call_.exchange.end();
}

}  // namespace tare::docker
