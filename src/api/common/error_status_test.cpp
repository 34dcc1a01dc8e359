#include "api/common/error_status.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace tare::api {
namespace {

TEST(ErrorStatus, answers_what_dockerd_answers) {
    EXPECT_EQ(http_status(ErrorKind::not_found), 404);
    EXPECT_EQ(http_status(ErrorKind::invalid_argument), 400);
    EXPECT_EQ(http_status(ErrorKind::already_exists), 409);
    EXPECT_EQ(http_status(ErrorKind::failed_precondition), 409);
    EXPECT_EQ(http_status(ErrorKind::unimplemented), 501);
    EXPECT_EQ(http_status(ErrorKind::internal), 500);
}

TEST(ErrorStatus, gives_the_codes_of_grpc) {
    EXPECT_EQ(grpc_code(ErrorKind::cancelled), 1);
    EXPECT_EQ(grpc_code(ErrorKind::not_found), 5);
    EXPECT_EQ(grpc_code(ErrorKind::unauthenticated), 16);
}

TEST(ErrorStatus, the_document_holds_message_and_hint) {
    EXPECT_EQ(error_document(fail(ErrorKind::not_found, "No such container: \"x\"")),
              "{\"message\":\"No such container: \\\"x\\\"\"}\n");
    EXPECT_EQ(error_document(fail(ErrorKind::not_found, "no x").set_hint("make one")),
              "{\"message\":\"no x (make one)\"}\n");
}

}  // namespace
}  // namespace tare::api
