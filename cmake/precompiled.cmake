# One precompiled header for all product code and one for all tests: the standard library's heavy
# headers and the vocabulary of base/ that nearly every file reads anyway (half of a debug build's time).
# A file still names what it uses: ./tool lint reads every file without this header.
#
# Names in <> keep the generated header free of absolute paths, so that ccache shares it between work trees.
option(TARE_PRECOMPILED "precompile the common headers" ON)

set(TARE_COMMON_HEADERS <algorithm> <array> <cerrno> <chrono> <cstdint> <cstring> <functional> <map> <memory>
    <mutex> <optional> <span> <string> <string_view> <thread> <utility> <variant> <vector> <fcntl.h> <unistd.h>
    <base/json.h> <base/result.h>)

function(tare_add_precompiled)
  file(WRITE ${CMAKE_BINARY_DIR}/generated/precompiled.cpp "")
  add_library(tare_precompiled OBJECT ${CMAKE_BINARY_DIR}/generated/precompiled.cpp)
  target_precompile_headers(tare_precompiled PRIVATE ${TARE_COMMON_HEADERS})
  if(TARE_TESTS)
    add_library(tare_precompiled_tests OBJECT ${CMAKE_BINARY_DIR}/generated/precompiled.cpp)
    target_precompile_headers(tare_precompiled_tests PRIVATE ${TARE_COMMON_HEADERS} <gmock/gmock.h> <gtest/gtest.h>)
    target_link_libraries(tare_precompiled_tests PRIVATE GTest::gmock GTest::gtest)
  endif()
endfunction()

# tare_use_precompiled(TARGET tare_precompiled|tare_precompiled_tests)
function(tare_use_precompiled target header)
  if(TARE_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${header})
  endif()
endfunction()

if(TARE_PRECOMPILED AND CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  add_compile_options(-fpch-preprocess) # what ccache asks for
endif()
