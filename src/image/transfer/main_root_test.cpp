// The test program is also the worker that its tests start.

#include <gmock/gmock.h>

#include "image/layer/worker_faults_suite.h"

int main(int argc, char** argv) {
    tare::layer::run_if_worker(argc, argv);
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
