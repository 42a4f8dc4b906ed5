# How every Sluice target is built: language, warnings, sanitizers, compiler cache, and two
# functions, one for a layer of src/ and one for its tests.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_CXX_SCAN_FOR_MODULES OFF)

find_program(CCACHE ccache)
if(CCACHE)
  # Precompiled headers are cached only when these differences are allowed.
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${CCACHE})
endif()

# The warnings switched off for g++ are false alarms of version 12 in optimised builds.
add_library(sluice_flags INTERFACE)
target_include_directories(sluice_flags INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_options(sluice_flags INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wconversion
  -Wnon-virtual-dtor -Werror -Wno-missing-field-initializers $<$<CXX_COMPILER_ID:GNU>:-Wno-mismatched-new-delete -Wno-restrict -Wno-stringop-overflow -Wno-stringop-overread -Wno-array-bounds>
  $<$<CONFIG:Debug>:-g1>)
target_compile_definitions(sluice_flags INTERFACE BOOST_URL_NO_LIB BOOST_JSON_NO_LIB BOOST_ALL_NO_LIB SPDLOG_FMT_EXTERNAL SPDLOG_COMPILED_LIB
  SLUICE_VERSION="${PROJECT_VERSION}")
target_link_libraries(sluice_flags INTERFACE Threads::Threads)
if(SLUICE_SANITIZE)
  add_compile_options(-fsanitize=${SLUICE_SANITIZE} -fno-omit-frame-pointer -g1)
  add_link_options(-fsanitize=${SLUICE_SANITIZE})
  if(SLUICE_SANITIZE MATCHES thread)
    # Asio's fences are not seen by the sanitizer, which g++ says for each of them.
    add_compile_options($<$<CXX_COMPILER_ID:GNU>:-Wno-tsan>)
  endif()
  if(SLUICE_SANITIZE MATCHES undefined)
    add_compile_options(-fno-sanitize-recover=undefined)
  endif()
endif()

if(SLUICE_FUZZ)
  # Coverage feedback for libFuzzer from everything, not only from the targets.
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()

# One folder of src/ is one static library, sluice_<name>, of all its sources.
function(sluice_layer name)
  cmake_parse_arguments(arg "" "" "DEPS;LIBS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  list(TRANSFORM arg_DEPS PREPEND sluice_)
  if(sources)
    add_library(sluice_${name} STATIC ${sources})
    target_link_libraries(sluice_${name} PUBLIC sluice_flags ${arg_DEPS} ${arg_LIBS})
  else()
    add_library(sluice_${name} INTERFACE)
    target_link_libraries(sluice_${name} INTERFACE sluice_flags ${arg_DEPS} ${arg_LIBS})
  endif()
endfunction()

# tests/<name>/*_test.cpp is one doctest program, test_<name>, registered under LABEL; those of its folders that are
# named APART as a test of their own, <name>_<folder>, to run beside the rest.
function(sluice_tests name)
  cmake_parse_arguments(arg "" "LABEL" "DEPS;APART" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/${name}/*.cpp)
  if(NOT sources)
    return()
  endif()
  list(TRANSFORM arg_DEPS PREPEND sluice_)
  add_executable(test_${name} ${sources} ${CMAKE_CURRENT_SOURCE_DIR}/main.cpp)
  target_include_directories(test_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  target_compile_definitions(test_${name} PRIVATE SLUICE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  target_link_libraries(test_${name} PRIVATE ${arg_DEPS})
  set(others)
  foreach(folder ${arg_APART})
    add_test(NAME ${name}_${folder} COMMAND test_${name} --source-file=*/${name}/${folder}/*)
    set_tests_properties(${name}_${folder} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 300)
    list(APPEND others --source-file-exclude=*/${name}/${folder}/*)
  endforeach()
  add_test(NAME ${name} COMMAND test_${name} ${others})
  set_tests_properties(${name} PROPERTIES LABELS ${arg_LABEL} TIMEOUT 300)
endfunction()
