// Package demo answers: what would the daemon see in a world that needs no
// network and harms nobody?
//
// The world stands on loopback and is drawn from one seed:
//
//   - a data set (Set): pictures of lane cameras and of number plates, drawn,
//     never photographed. Six fixed cameras, other vehicles, light and weather
//     in each picture. Their plates and places are invented.
//   - strangers (Stranger): landscapes, skylines, charts, pages of text, maps,
//     patterns, textures, logos, icons and gradients that are not in the set.
//   - re-post forms (Edit): recompressed, resized, watermarked, mirrored,
//     turned, cropped and other copies of any picture.
//   - three onion sites of plain HTML (a forum, a market and a paste board)
//     that hide re-posted copies of some of the set among many strangers, in
//     each place where a page can keep a picture, and links that must be
//     refused: literal addresses, clear names, another onion, a trap on
//     loopback that notes whoever connects. A fourth onion is dead.
//   - a SOCKS5 proxy (Proxy) in the place of Tor, the only way to the sites.
//     It takes names only, notes who asked for what under which user, answers
//     with any code, hangs, drops, drips, talks garbage, and can be stopped and
//     started again on the same address.
//
// Start builds it all, World says what was planted where and what was asked
// for, Close leaves nothing behind. Tests of other rooms bring sites of their
// own with World.Handle, and Options.Empty spares them the drawing.
package demo
