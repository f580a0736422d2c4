# SPDX-License-Identifier: Apache-2.0
# TrbaDependencies.cmake - what the library needs, found with pkg-config, as the target trba_dependencies.
#
#   TRBA_PC_MODULES, TRBA_SYSTEM_LIBRARIES   what it is linked with, for trba.pc and the CMake package, too
#   TRBA_OPENBLAS_SONAME                     the name by which src/layers/blas.c loads OpenBLAS; not set: it is linked
#
# docs/DEPENDENCIES.md says why each is there.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# The name by which the loader knows a shared library.
function(trba_read_soname library out)
    set(dynamic "")
    if(CMAKE_READELF)
        execute_process(COMMAND "${CMAKE_READELF}" -d "${library}" OUTPUT_VARIABLE dynamic ERROR_QUIET)
    endif()
    if(NOT dynamic MATCHES "\\(SONAME\\)[^\n]*\\[([^]\n]+)\\]")
        message(FATAL_ERROR "readelf (${CMAKE_READELF}) finds no SONAME in OpenBLAS's library (${library}), so trba "
                            "would not know what to load: install the shared OpenBLAS (Debian: libopenblas-dev), or "
                            "link it with -DTRBA_LINK_OPENBLAS=ON")
    endif()
    set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
endfunction()

set(TRBA_PC_MODULES libpng libjpeg zlib yaml-0.1)
set(TRBA_SYSTEM_LIBRARIES m)
if(TRBA_LINK_OPENBLAS)
    list(PREPEND TRBA_PC_MODULES openblas)
else()
    pkg_check_modules(OPENBLAS REQUIRED openblas)
    set(openblas_library "${OPENBLAS_LINK_LIBRARIES}")
    list(FILTER openblas_library INCLUDE REGEX "openblas")
    trba_read_soname("${openblas_library}" TRBA_OPENBLAS_SONAME)
    message(STATUS "OpenBLAS is loaded when it is asked for, as ${TRBA_OPENBLAS_SONAME}")
    list(APPEND TRBA_SYSTEM_LIBRARIES ${CMAKE_DL_LIBS})
    list(APPEND CMAKE_BUILD_RPATH ${OPENBLAS_LIBRARY_DIRS}) # as CMake does by itself for what is linked
endif()
pkg_check_modules(TRBA_DEPENDENCIES REQUIRED IMPORTED_TARGET ${TRBA_PC_MODULES})
# For "trba eval" alone; without it that program reads the other forms of data sets.
if(TRBA_BUILD_TOOLS AND TRBA_LMDB)
    pkg_check_modules(LMDB IMPORTED_TARGET lmdb)
endif()

add_library(trba_dependencies INTERFACE)
target_link_libraries(trba_dependencies INTERFACE PkgConfig::TRBA_DEPENDENCIES Threads::Threads
                                                  ${TRBA_SYSTEM_LIBRARIES})
if(TRBA_OPENBLAS_SONAME)
    target_include_directories(trba_dependencies SYSTEM INTERFACE ${OPENBLAS_INCLUDE_DIRS})
    target_compile_definitions(trba_dependencies INTERFACE TRBA_OPENBLAS_SONAME="${TRBA_OPENBLAS_SONAME}")
endif()
