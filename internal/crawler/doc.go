// Package crawler answers: what stands on the watched sites, when do we look
// again, and what could we not see?
package crawler
