// What this daemon has not, each with an answer that says so: 501 for what may come, 503 in dockerd's words
// for a node that is in no swarm.

#include "api/docker/endpoints.h"

namespace tare::docker {

Result<> swarm_absent(Call&) {
    return fail(ErrorKind::unavailable,
                "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to "
                "connect this node to swarm and try again.");
}

Result<> plugin_list(Call& call) {
    return call.respond(200, Json::array());
}

Result<> not_implemented(Call& call) {
    const http::RequestHead& request = call.exchange.request();
    return fail(ErrorKind::unimplemented, "tare does not serve ", request.method, ' ',
                cut(request.target, '?').before, " yet");
}

}  // namespace tare::docker
