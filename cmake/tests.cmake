# Tests. `*_test.cc` beside the code: one GoogleTest program per group, one CTest entry per suite.
# Helpers that tests share lie in folders named testing/, which no library contains.
# `tests/**/test_*.py`: one CTest entry per file, run by pytest of build/venv.
# Labels: everything is `full`; what is not named Full... / test_full_... is `quick` too. A suite or
# file with Serial / serial in its name has the machine to itself.

find_package(GTest QUIET)

include(test_programs)

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
