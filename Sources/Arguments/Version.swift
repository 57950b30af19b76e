/// The version of this release, as the packages have it.
package let version = "0.1.0"
