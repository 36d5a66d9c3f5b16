# fuzz/<name>_fuzz.cc -> program <name>_fuzz. With HONE_FUZZ it is a libFuzzer program; otherwise a
# regression test that feeds it every file of fuzz/corpus/<name>/ and no input at all.

set(HONE_FUZZ_SECONDS 15 CACHE STRING "how long ctest runs each fuzzer of the fuzz preset")

file(GLOB fuzzers CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/fuzz/*_fuzz.cc")
add_custom_target(fuzzers)  # all of them, and no more of the program than they need
foreach(source IN LISTS fuzzers)
  get_filename_component(program "${source}" NAME_WE)
  string(REGEX REPLACE "_fuzz$" "" name "${program}")
  set(corpus "${PROJECT_SOURCE_DIR}/fuzz/corpus/${name}")
  add_executable(${program} ${source})
  add_dependencies(fuzzers ${program})
  target_link_libraries(${program} PRIVATE hone_ship)
  if(HONE_FUZZ)
    target_link_options(${program} PRIVATE -fsanitize=fuzzer)
    # New inputs go to the first folder: the build's, never the repository's.
    set(found "${PROJECT_BINARY_DIR}/corpus/${name}")
    file(MAKE_DIRECTORY "${found}")
    set(seeds "")
    if(IS_DIRECTORY "${corpus}")
      set(seeds "${corpus}")
    endif()
    # From one seed: what fails here has to do with the change, and fails again. Searching is what
    # `./dev fuzz` is for.
    add_test(NAME fuzz/${name} COMMAND ${program} -seed=1
      -max_total_time=${HONE_FUZZ_SECONDS} -print_final_stats=1 "${found}" ${seeds})
    math(EXPR limit "${HONE_FUZZ_SECONDS} + 120")
    set_tests_properties(fuzz/${name} PROPERTIES LABELS full TIMEOUT ${limit})
  else()
    target_sources(${program} PRIVATE "${PROJECT_SOURCE_DIR}/fuzz/standalone_main.cc")
    if(NOT HONE_TESTS)
      continue()
    endif()
    add_test(NAME fuzz/${name} COMMAND ${program} "${corpus}")
    set_tests_properties(fuzz/${name} PROPERTIES LABELS "quick;full" TIMEOUT 600)
  endif()
endforeach()
