# SPDX-License-Identifier: Apache-2.0
# TrbaVersion.cmake - TRBA_VERSION from the three macros of include/trba.h, the one place that states it.
set(header "${CMAKE_CURRENT_SOURCE_DIR}/include/trba.h")
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS "${header}")
set(TRBA_VERSION "")
foreach(part IN ITEMS MAJOR MINOR PATCH)
    file(STRINGS "${header}" line REGEX "^#define TRBA_VERSION_${part} [0-9]+$")
    if(NOT line MATCHES "([0-9]+)$")
        message(FATAL_ERROR "include/trba.h does not define TRBA_VERSION_${part}")
    endif()
    list(APPEND TRBA_VERSION "${CMAKE_MATCH_1}")
endforeach()
list(JOIN TRBA_VERSION "." TRBA_VERSION)
