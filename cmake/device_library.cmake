# libhone_rt.a and libhone_rt.so: everything that runs on a device, in one piece each.

set(rt_parts hone_common hone_platform hone_kernels hone_preprocess hone_runtime)
set(rt_objects "")
foreach(part IN LISTS rt_parts)
  list(APPEND rt_objects $<TARGET_OBJECTS:${part}>)
endforeach()

add_library(hone_rt STATIC ${rt_objects})
add_library(hone_rt_shared SHARED ${rt_objects})
foreach(library hone_rt hone_rt_shared)
  # C, not C++: the library needs no C++ run time, and linking it as C proves it.
  set_target_properties(${library} PROPERTIES OUTPUT_NAME hone_rt LINKER_LANGUAGE C)
  target_include_directories(${library} INTERFACE "${PROJECT_SOURCE_DIR}/include")
  target_link_libraries(${library} PUBLIC Threads::Threads m)
endforeach()
target_link_libraries(hone_rt_shared PRIVATE hone_flags)
target_link_options(hone_rt_shared PRIVATE
  -Wl,--gc-sections -Wl,--as-needed -Wl,--version-script=${PROJECT_SOURCE_DIR}/cmake/hone_rt.map)
set_target_properties(hone_rt_shared PROPERTIES
  LINK_DEPENDS "${PROJECT_SOURCE_DIR}/cmake/hone_rt.map")
if(NOT HONE_SANITIZE)
  # An undefined symbol is found here, not on the device. (Sanitizers leave theirs to the program.)
  target_link_options(hone_rt_shared PRIVATE -Wl,-z,defs)
endif()

find_program(SIZE_PROGRAM size)
if(SIZE_PROGRAM)
  add_custom_target(size_report
    COMMAND "${SIZE_PROGRAM}" --format=gnu --totals $<TARGET_FILE:hone_rt>
    COMMAND "${SIZE_PROGRAM}" --format=gnu $<TARGET_FILE:hone_rt_shared>
    DEPENDS hone_rt hone_rt_shared
    COMMENT "Size of the device library"
    VERBATIM)
  if(HONE_DEVICE_ONLY)
    set_target_properties(size_report PROPERTIES EXCLUDE_FROM_ALL OFF)
    add_custom_target(size_report_all ALL DEPENDS size_report)
  endif()
endif()
