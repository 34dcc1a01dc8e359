# Text files that a program carries: src/<folder>/<file> becomes <build>/generated/<folder>/<file>.h
# with `inline constexpr std::string_view <symbol>`.
function(tare_embed_text folder file symbol)
  set(source ${CMAKE_SOURCE_DIR}/src/${folder}/${file})
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${source})
  file(READ ${source} TARE_EMBED_TEXT)
  set(TARE_EMBED_SYMBOL ${symbol})
  configure_file(${CMAKE_SOURCE_DIR}/cmake/embedded_text.h.in ${CMAKE_BINARY_DIR}/generated/${folder}/${file}.h @ONLY)
endfunction()

include_directories(${CMAKE_BINARY_DIR}/generated)
tare_embed_text(oci seccomp_default.json kSeccompDefaultJson)
tare_embed_text(store schema.sql kSchemaSql)
