# Turns a folder of files into one C++ source with the table behind sluice::net::http::embedded_files().
# The bytes enter through the assembler (.incbin), so compiling takes no longer when they grow.
#
#   cmake -D FOLDER=<built files> -D OUTPUT=<source> -P EmbedFiles.cmake

cmake_minimum_required(VERSION 3.25)

set(type_html "text/html; charset=utf-8")
set(type_js "text/javascript; charset=utf-8")
set(type_css "text/css; charset=utf-8")
set(type_svg "image/svg+xml")

file(GLOB names RELATIVE ${FOLDER} ${FOLDER}/*)
list(SORT names)
if(NOT "index.html" IN_LIST names)
  message(FATAL_ERROR "${FOLDER} holds no index.html; build the pages first (npm run build)")
endif()

set(bytes "")
set(table "")
set(count 0)
foreach(name IN LISTS names)
  string(REGEX REPLACE ".*\\." "" extension ${name})
  if(NOT DEFINED type_${extension})
    message(FATAL_ERROR "${FOLDER}/${name}: no content type is known for .${extension}; add one to EmbedFiles.cmake")
  endif()
  file(SIZE ${FOLDER}/${name} size)
  file(SHA256 ${FOLDER}/${name} hash)
  string(SUBSTRING ${hash} 0 16 tag)
  string(APPEND bytes
    "asm(\".section .rodata\\n.balign 16\\n.global sluice_web_file_${count}\\nsluice_web_file_${count}:\\n\"\n"
    "    \".incbin \\\"${FOLDER}/${name}\\\"\\n.byte 0\\n.previous\\n\");\n"
    "extern \"C\" const char sluice_web_file_${count}[];\n")
  string(APPEND table
    "    {\"${name}\", \"${type_${extension}}\", {sluice_web_file_${count}, ${size}}, \"\\\"${tag}\\\"\"},\n")
  math(EXPR count "${count} + 1")
endforeach()

file(WRITE ${OUTPUT} "// Made by cmake/EmbedFiles.cmake from the built pages.
#include \"net/http/embedded_files.hpp\"

#include <array>

${bytes}
namespace sluice::net::http {

namespace {

constexpr std::array<embedded_file, ${count}> files{{
${table}}};

} // namespace

std::span<const embedded_file> embedded_files() { return files; }

} // namespace sluice::net::http
")
