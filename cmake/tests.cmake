# Tests. `*_test.cc` beside the code: one GoogleTest program per group, one CTest entry per suite.
# Helpers that tests share lie in folders named testing/, which no library contains.
# `tests/**/test_*.py`: one CTest entry per file, run by pytest of build/venv.
# Labels: everything is `full`; what is not named Full... / test_full_... is `quick` too. A suite or
# file with Serial / serial in its name has the machine to itself.

find_package(GTest QUIET)

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

function(hone_python_tests)
  set(python "${PROJECT_SOURCE_DIR}/build/venv/bin/python")
  file(GLOB_RECURSE files CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/tests/test_*.py")
  foreach(file IN LISTS files)
    file(RELATIVE_PATH name "${PROJECT_SOURCE_DIR}" "${file}")
    add_test(NAME ${name} COMMAND "${python}" -m pytest -q -p no:cacheprovider "${file}")
    set(labels quick full)
    if(name MATCHES "/test_full_")
      set(labels full)
    endif()
    set_tests_properties(${name} PROPERTIES
      LABELS "${labels}" TIMEOUT 1800 ENVIRONMENT "${HONE_TEST_ENVIRONMENT}")
    if(name MATCHES "serial")
      set_tests_properties(${name} PROPERTIES RUN_SERIAL ON)
    endif()
  endforeach()
endfunction()

if(HONE_TESTS)
  if(GTest_FOUND)
    hone_tests(common_tests DIR src/common LINKS hone_common)
    hone_tests(device_tests DIR src/device LINKS hone_runtime)
    hone_tests(host_tests DIR src/host LINKS hone_host)
    hone_tests(ship_tests DIR src/ship LINKS hone_ship)
    hone_tests(cli_tests DIR src/cli LINKS hone_cli)
    hone_tests(whole_tests DIR tests LINKS hone_cli)
  else()
    message(STATUS "GoogleTest is not installed: no C++ tests (./dev setup installs it)")
  endif()
  # What tests/tasks/test_preprocess.py asks: image_to_tensor() behind a pipe. Programs that look at
  # the host's libraries are *_tool.cc (extras.cmake).
  add_executable(preprocess_pipe tests/tasks/preprocess_pipe.cc)
  target_link_libraries(preprocess_pipe PRIVATE hone_preprocess)
  hone_python_tests()
endif()
