# Read by ctest when it starts, with `name`, `program` and `environment` set: adds one test for each
# suite of a GoogleTest program. One process per suite, not per case: thousands of small cases
# would spend their time starting.

if(NOT EXISTS "${program}")
  add_test("${name}_NOT_BUILT" "${program}")
  return()
endif()
execute_process(COMMAND "${program}" --gtest_list_tests
  OUTPUT_VARIABLE listing RESULT_VARIABLE result)
if(NOT result EQUAL 0)
  add_test("${name}_CANNOT_LIST" "${program}" --gtest_list_tests)
  return()
endif()
# Brackets and semicolons in parameter comments would break the list.
string(REGEX REPLACE "[][;]" "." listing "${listing}")
string(REPLACE "\n" ";" lines "${listing}")
foreach(line IN LISTS lines)
  # Suites start in the first column and end in a dot; cases are indented.
  if(NOT line MATCHES "^([^ ]+)\\.( |$)")
    continue()
  endif()
  set(suite "${CMAKE_MATCH_1}")
  set(test "${name}.${suite}")
  add_test("${test}" "${program}" "--gtest_filter=${suite}.*" --gtest_brief=1)
  if(suite MATCHES "(^|/)Full")
    set(labels full)
  else()
    set(labels quick full)
  endif()
  if(suite MATCHES "Serial")
    set(serial ON)
  else()
    set(serial OFF)
  endif()
  set_tests_properties("${test}" PROPERTIES
    LABELS "${labels}" TIMEOUT 1200 RUN_SERIAL ${serial} ENVIRONMENT "${environment}")
endforeach()
