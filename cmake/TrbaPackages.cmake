# SPDX-License-Identifier: Apache-2.0
# TrbaPackages.cmake - three Debian packages by CPack: `make deb`, which takes the preset "debian".
#
#   component of TrbaInstall.cmake    package
#   library                           libtrba0.1    named after the library's SONAME, as Debian wants it
#   development                       libtrba-dev
#   programs                          trba          strdemo, trba and the models they read with
#
# licence and fetched are in none: each package has its copyright file, and english_g2 is 15 MB of somebody else's.
# What a package depends on is what dpkg-shlibdeps finds in its binaries, and OpenBLAS, which the library loads.
# debian/debian_files.cmake adds what only Debian's packages have.
set(CPACK_PACKAGE_NAME "${PROJECT_NAME}")
set(CPACK_PACKAGE_VENDOR "the trba authors")
set(CPACK_COMPONENTS_ALL library development programs)
set(CPACK_STRIP_FILES ON)
set(CPACK_INSTALL_DEFAULT_DIRECTORY_PERMISSIONS
    OWNER_READ OWNER_WRITE OWNER_EXECUTE GROUP_READ GROUP_EXECUTE WORLD_READ WORLD_EXECUTE)
set(CPACK_PRE_BUILD_SCRIPTS "${CMAKE_CURRENT_LIST_DIR}/debian/debian_files.cmake")

# Who made the packages says so in Debian's own variables. The other address is none, on purpose.
set(CPACK_DEBIAN_PACKAGE_MAINTAINER "the trba authors <authors@trba.invalid>")
if(DEFINED ENV{DEBEMAIL} AND DEFINED ENV{DEBFULLNAME})
    set(CPACK_DEBIAN_PACKAGE_MAINTAINER "$ENV{DEBFULLNAME} <$ENV{DEBEMAIL}>")
endif()
set(CPACK_DEB_COMPONENT_INSTALL ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_PACKAGE_RELEASE 1)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_ENABLE_COMPONENT_DEPENDS ON)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
# The programs' library is in a package that is not there yet; the components' dependencies below name it.
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS_PRIVATE_DIRS "${PROJECT_BINARY_DIR}")
# The SONAME changes with what breaks programs, so whatever is compiled with this version runs with a later one, too.
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS ON)
set(CPACK_DEBIAN_PACKAGE_GENERATE_SHLIBS_POLICY ">=")

# PROJECT_DESCRIPTION is the first line of each description; lines of at most 80 characters follow, "." is an empty one.
set(about "It reads words and lines that are cut out, or boxes on a page, with the
networks of clovaai/deep-text-recognition-benchmark and EasyOCR, and gives the
answer of PyTorch without needing it.
.")

set(CPACK_DEBIAN_LIBRARY_PACKAGE_NAME "libtrba${PROJECT_VERSION_MAJOR}.${PROJECT_VERSION_MINOR}")
set(CPACK_DEBIAN_LIBRARY_PACKAGE_SECTION libs)
if(TRBA_OPENBLAS_SONAME)
    # libopenblas.so.0 is in libopenblas0.
    string(REPLACE ".so." "" CPACK_DEBIAN_LIBRARY_PACKAGE_DEPENDS "${TRBA_OPENBLAS_SONAME}")
endif()
set(CPACK_COMPONENT_LIBRARY_DESCRIPTION "${about}
This package has the shared library.")

set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_NAME libtrba-dev)
set(CPACK_DEBIAN_DEVELOPMENT_PACKAGE_SECTION libdevel)
set(CPACK_COMPONENT_DEVELOPMENT_DEPENDS library)
set(CPACK_COMPONENT_DEVELOPMENT_DESCRIPTION "${about}
This package has what programs that use the library are compiled with: the
header, a CMake package and trba.pc.")

set(CPACK_DEBIAN_PROGRAMS_PACKAGE_NAME trba)
set(CPACK_DEBIAN_PROGRAMS_PACKAGE_SECTION graphics)
set(CPACK_COMPONENT_PROGRAMS_DEPENDS library)
set(CPACK_COMPONENT_PROGRAMS_DESCRIPTION "${about}
This package has the programs: strdemo reads pictures, trba shows, evaluates
and converts checkpoints; and models that read printed words.")

include(CPack)
