#include "run/task/events_endpoint.h"

#include "wire/ttrpc/endpoint.h"

namespace tare::shimv2 {

namespace {

class TtrpcEventsEndpoint final : public EventsEndpoint {
  public:
    explicit TtrpcEventsEndpoint(std::unique_ptr<ttrpc::Endpoint> endpoint)
        : endpoint_(std::move(endpoint)) {}

  private:
    std::unique_ptr<ttrpc::Endpoint> endpoint_;
};

}  // namespace

Result<std::unique_ptr<EventsEndpoint>> EventsEndpoint::open(const std::string& path, Listener listener) {
    auto handle = [listener = std::move(listener)](const ttrpc::Incoming& call) -> ttrpc::Reply {
        if (call.service != ForwardRequest::kService || call.method != ForwardRequest::kMethod)
            return fail(ErrorKind::unimplemented, "method ", call.service, "/", call.method,
                        " is not served");
        listener(TRY(decode<ForwardRequest>(call.payload)).envelope);
        return encode(Empty{});
    };
    auto endpoint = TRY(ttrpc::Endpoint::open(path, std::move(handle)));
    return std::unique_ptr<EventsEndpoint>(std::make_unique<TtrpcEventsEndpoint>(std::move(endpoint)));
}

}  // namespace tare::shimv2
