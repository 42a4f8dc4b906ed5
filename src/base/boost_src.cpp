// Boost.JSON's and Boost.URL's own code, compiled once: Debian splits them into packages the headers do not
// need.
#include <boost/json/src.hpp>
#include <boost/url/src.hpp>
