// Package seen answers: did we ever look at this, where, and since when?
//
// It keeps the fingerprints of every picture and the lines of every manifest
// ever looked at, never a picture. A hash set that is loaded later is answered
// for the past from here.
package seen
