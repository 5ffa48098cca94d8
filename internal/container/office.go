package container

import (
	"bytes"
	"strings"
)

// Office documents and books are zips; only their name and what is hidden in
// them differ. Their words come by Text from the members that are XML.

// openDocument is what OpenDocument and EPUB say of themselves in their first
// member, which is never packed.
func openDocument(kind string) func(head []byte, name string) bool {
	return func(head []byte, _ string) bool {
		return sniffZip(head, "") && len(head) > 38+len(kind) && string(head[30:38]) == "mimetype" &&
			bytes.HasPrefix(head[38+int(le16(head[28:])):], []byte("application/"+kind))
	}
}

// officeXML knows the documents of Microsoft by their first member and by the
// name of the file; what they are for certain their members tell.
func officeXML(extensions ...string) func(head []byte, name string) bool {
	return func(head []byte, name string) bool {
		if !sniffZip(head, "") || len(head) < 31 {
			return false
		}
		n := int(le16(head[26:]))
		first := string(head[30:min(len(head), 30+n)])
		known := false
		for _, begin := range []string{"[Content_Types].xml", "_rels/", "docProps/", "word/", "xl/", "ppt/", "customXml/"} {
			known = known || strings.HasPrefix(first, begin)
		}
		if !known || len(extensions) == 0 {
			return known
		}
		for _, e := range extensions {
			if strings.HasSuffix(strings.ToLower(name), e) {
				return true
			}
		}
		return false
	}
}

// officeFormats are the rows of documents that are zips. They stand before zip.
func officeFormats() []format {
	row := func(name string, sniff func([]byte, string) bool) format {
		return format{name: name, sniff: sniff, open: openOffice(openZip), random: true, stream: openOffice(streamZip), directory: true}
	}
	return []format{
		row("epub", openDocument("epub+zip")),
		row("odt", openDocument("vnd.oasis.opendocument.text")),
		row("ods", openDocument("vnd.oasis.opendocument.spreadsheet")),
		row("odp", openDocument("vnd.oasis.opendocument.presentation")),
		row("odg", openDocument("vnd.oasis.opendocument.graphics")),
		row("docx", officeXML(".docx", ".docm", ".dotx", ".dotm")),
		row("xlsx", officeXML(".xlsx", ".xlsm", ".xltx", ".xlsb")),
		row("pptx", officeXML(".pptx", ".pptm", ".ppsx", ".potx")),
		row("ooxml", officeXML()),
	}
}

// openOffice opens a zip, learns from its members which document it is, and
// tells what is encrypted behind readable names.
func openOffice(open opener) opener {
	return func(w *walk, b *box) error {
		odf := strings.HasPrefix(b.format, "od")
		b.saw = func(name string) {
			if odf || b.format == "epub" {
				return
			}
			for _, p := range []struct{ folder, format string }{{"word/", "docx"}, {"xl/", "xlsx"}, {"ppt/", "pptx"}} {
				if strings.HasPrefix(name, p.folder) {
					b.format = p.format
				}
			}
		}
		b.look = func(name string, head []byte) *Fault {
			if !odf || name != "content.xml" && name != "encrypted-package" || len(head) == 0 {
				return nil
			}
			if name == "content.xml" && bytes.HasPrefix(bytes.TrimLeft(head, "\xef\xbb\xbf \t\r\n"), []byte("<")) {
				return nil
			}
			b.partly = fault("encrypted", "the document asks for a password; its names are stated all the same")
			return b.partly
		}
		err := open(w, b)
		if b.format == "ooxml" {
			b.format = "zip" // no member says that it is a document
		}
		return err
	}
}
