// The types of OpenCL 1.2; its functions are fetched from the loader at run time.
#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl.h>
#include <CL/cl_icd.h>
