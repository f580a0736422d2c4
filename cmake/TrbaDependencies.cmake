# SPDX-License-Identifier: Apache-2.0
# TrbaDependencies.cmake - what the library needs, found with pkg-config, as the target trba_dependencies.
# docs/DEPENDENCIES.md says why each is there; trba.pc gets the same list.
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

set(TRBA_PC_MODULES openblas libpng libjpeg zlib yaml-0.1)
pkg_check_modules(TRBA_DEPENDENCIES REQUIRED IMPORTED_TARGET ${TRBA_PC_MODULES})
# For "trba eval" alone; without it that program reads the other forms of data sets.
if(TRBA_BUILD_TOOLS AND TRBA_LMDB)
    pkg_check_modules(LMDB IMPORTED_TARGET lmdb)
endif()

add_library(trba_dependencies INTERFACE)
target_link_libraries(trba_dependencies INTERFACE PkgConfig::TRBA_DEPENDENCIES Threads::Threads m)
