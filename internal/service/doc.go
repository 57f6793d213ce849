// Package service knows what students can apply for: each service is a file, not code.
//
//	templates/services/<code>.yaml ──Load──> Definition, or every mistake with file and line
//	Definition ──Apply──> service_version (by content hash) ──> the active set, one row
//	an application ──> its version, from which it reads everything as long as it lives
//
// A school adds, changes or, with an empty file, takes away a service in its overlay folder
// and makes it count with `xuegong templates apply`; docs/services.md describes the file.
// A replica whose files differ from the active set says so (Differ).
//
// What the school knows of a student (Know) fills in forms and is judged by rules. It
// comes from the persons' lists; a list nobody brought is missing and not empty.
//
// The notice of a service is versioned by its text: who confirmed an older text reads the
// new one to the end again (D-38).
package service
