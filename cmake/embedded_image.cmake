# The image that tared carries, out of Debian's busybox-static.
find_package(Python3 REQUIRED COMPONENTS Interpreter)
find_program(BUSYBOX busybox PATHS /bin /usr/bin NO_DEFAULT_PATH REQUIRED)

function(tare_embed_image program)
  set(image ${CMAKE_BINARY_DIR}/generated/busybox_image.tar.gz)
  add_custom_command(OUTPUT ${image}
    COMMAND Python3::Interpreter ${CMAKE_SOURCE_DIR}/packaging/busybox_image.py ${BUSYBOX} tare.internal/busybox:latest ${image}
    DEPENDS ${CMAKE_SOURCE_DIR}/packaging/busybox_image.py ${BUSYBOX} VERBATIM)
  set(source ${CMAKE_SOURCE_DIR}/src/apps/${program}/embedded_image.cpp)
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS ${image}
    COMPILE_DEFINITIONS "TARE_EMBEDDED_IMAGE=\"${image}\"")
endfunction()
