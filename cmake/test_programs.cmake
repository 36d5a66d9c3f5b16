# Programs of GoogleTest: hone_tests().

# What a test may need to know, as macros of the C++ tests and as environment of all.
set(HONE_TEST_ENVIRONMENT
  "HONE=${PROJECT_BINARY_DIR}/hone"
  "HONE_SOURCE_DIR=${PROJECT_SOURCE_DIR}"
  "HONE_BUILD_DIR=${PROJECT_BINARY_DIR}"
  "HONE_BUILD_TYPE=${CMAKE_BUILD_TYPE}"
  "PYTHONDONTWRITEBYTECODE=1")

# hone_tests(name DIR folder LINKS target...): the folder's *_test.cc and helpers as one program.
function(hone_tests name)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "DIR" "LINKS")
  file(GLOB_RECURSE sources RELATIVE "${PROJECT_SOURCE_DIR}" CONFIGURE_DEPENDS
    "${PROJECT_SOURCE_DIR}/${arg_DIR}/*.cc")
  list(FILTER sources INCLUDE REGEX "_test\\.cc$|/testing/")
  if(NOT sources)
    return()
  endif()
  add_executable(${name} ${sources})
  target_link_libraries(${name} PRIVATE ${arg_LINKS} hone_flags GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name} PRIVATE
    HONE_SOURCE_DIR="${PROJECT_SOURCE_DIR}" HONE_BUILD_DIR="${PROJECT_BINARY_DIR}")
  # Suites are listed when ctest starts: no program runs during the build.
  set(suites "${PROJECT_BINARY_DIR}/generated/${name}.ctest.cmake")
  file(CONFIGURE OUTPUT "${suites}" @ONLY CONTENT [[
set(name "@name@")
set(program "@PROJECT_BINARY_DIR@/@name@")
set(environment "@HONE_TEST_ENVIRONMENT@")
include("@PROJECT_SOURCE_DIR@/cmake/list_suites.cmake")
]])
  set_property(DIRECTORY "${PROJECT_SOURCE_DIR}" APPEND PROPERTY TEST_INCLUDE_FILES "${suites}")
endfunction()
