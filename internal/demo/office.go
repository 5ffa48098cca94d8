package demo

import (
	"fmt"
	"html"
	"strings"
)

// Office writes a document of a kind - docx, xlsx, pptx, odt, odp, epub - with
// lines of text and pictures. The pictures stand in MediaFolder under their
// names.
func Office(kind string, lines []string, pictures ...File) []byte {
	parts := map[string]func([]string, []File) []File{
		"docx": docx, "xlsx": xlsx, "pptx": pptx, "odt": odf, "odp": odf, "epub": epub,
	}[kind](lines, pictures)
	members := make([]ZipMember, 0, len(parts)+len(pictures)+1)
	if mediaType := officeMimetype(kind); mediaType != "" {
		members = append(members, ZipMember{File: File{"mimetype", []byte(mediaType)}})
	}
	for _, p := range parts {
		members = append(members, ZipMember{File: p, Method: 8})
	}
	for _, p := range pictures {
		members = append(members, ZipMember{File: File{MediaFolder(kind) + p.Name, p.Body}})
	}
	return Zip(members...)
}

// MediaFolder is where a kind of document keeps its pictures.
func MediaFolder(kind string) string {
	return map[string]string{
		"docx": "word/media/", "xlsx": "xl/media/", "pptx": "ppt/media/", "odt": "Pictures/", "odp": "Pictures/", "epub": "OEBPS/images/",
	}[kind]
}

func officeMimetype(kind string) string {
	return map[string]string{
		"odt": "application/vnd.oasis.opendocument.text", "odp": "application/vnd.oasis.opendocument.presentation", "epub": "application/epub+zip",
	}[kind]
}

const (
	xmlHead = `<?xml version="1.0" encoding="UTF-8" standalone="yes"?>` + "\n"
	ooxml   = "http://schemas.openxmlformats.org/"
	ooxRels = ooxml + "officeDocument/2006/relationships"
)

// parted makes the parts that all kinds of OOXML have, and the main one.
func parted(main, mainType, root string, pictures []File, more ...File) []File {
	types := `<Types xmlns="` + ooxml + `package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>` +
		`<Default Extension="xml" ContentType="application/xml"/><Default Extension="jpeg" ContentType="image/jpeg"/><Default Extension="png" ContentType="image/png"/>` +
		`<Override PartName="/` + main + `" ContentType="application/vnd.openxmlformats-officedocument.` + mainType + `+xml"/></Types>`
	folder, name := main[:strings.LastIndexByte(main, '/')+1], main[strings.LastIndexByte(main, '/')+1:]
	links := ""
	for i, p := range pictures {
		links += fmt.Sprintf(`<Relationship Id="rId%d" Type="%s/image" Target="media/%s"/>`, i+1, ooxRels, p.Name)
	}
	rels := func(inner string) []byte {
		return []byte(xmlHead + `<Relationships xmlns="` + ooxml + `package/2006/relationships">` + inner + `</Relationships>`)
	}
	return append([]File{
		{"[Content_Types].xml", []byte(xmlHead + types)},
		{"_rels/.rels", rels(`<Relationship Id="rId1" Type="` + ooxRels + `/officeDocument" Target="` + main + `"/>`)},
		{main, []byte(xmlHead + root)},
		{folder + "_rels/" + name + ".rels", rels(links)},
	}, more...)
}

// docx writes each line as a paragraph. Where a line has a "|" a word changes
// its looks: the text is in two runs.
func docx(lines []string, pictures []File) []File {
	body := ""
	for _, l := range lines {
		body += "<w:p>"
		for run := range strings.SplitSeq(l, "|") {
			body += `<w:r><w:t xml:space="preserve">` + html.EscapeString(run) + "</w:t></w:r>"
		}
		body += "</w:p>"
	}
	for i := range pictures {
		body += fmt.Sprintf(`<w:p><w:r><w:pict><v:shape xmlns:v="urn:schemas-microsoft-com:vml"><v:imagedata r:id="rId%d"/></v:shape></w:pict></w:r></w:p>`, i+1)
	}
	return parted("word/document.xml", "wordprocessingml.document.main",
		`<w:document xmlns:w="`+ooxml+`wordprocessingml/2006/main" xmlns:r="`+ooxRels+`"><w:body>`+body+"</w:body></w:document>", pictures)
}

// xlsx writes each line as a row, its cells parted by tabs, through the table
// of shared strings.
func xlsx(lines []string, pictures []File) []File {
	sheet, shared, n := "", "", 0
	for y, l := range lines {
		sheet += fmt.Sprintf(`<row r="%d">`, y+1)
		for x, cell := range strings.Split(l, "\t") {
			sheet += fmt.Sprintf(`<c r="%c%d" t="s"><v>%d</v></c>`, 'A'+x, y+1, n)
			shared += "<si><t>" + html.EscapeString(cell) + "</t></si>"
			n++
		}
		sheet += "</row>"
	}
	main := ooxml + "spreadsheetml/2006/main"
	return parted("xl/workbook.xml", "spreadsheetml.sheet.main",
		`<workbook xmlns="`+main+`" xmlns:r="`+ooxRels+`"><sheets><sheet name="log" sheetId="1" r:id="rId90"/></sheets></workbook>`, pictures,
		File{"xl/worksheets/sheet1.xml", []byte(xmlHead + `<worksheet xmlns="` + main + `"><sheetData>` + sheet + "</sheetData></worksheet>")},
		File{"xl/sharedStrings.xml", []byte(xmlHead + `<sst xmlns="` + main + `">` + shared + "</sst>")})
}

// pptx is a deck: a slide for each line and each picture.
func pptx(lines []string, pictures []File) []File {
	var slides []File
	slide := func(inner string) {
		slides = append(slides, File{fmt.Sprintf("ppt/slides/slide%d.xml", len(slides)+1), []byte(xmlHead + `<p:sld xmlns:a="` + ooxml + `drawingml/2006/main" xmlns:p="` + ooxml +
			`presentationml/2006/main" xmlns:r="` + ooxRels + `"><p:cSld><p:spTree>` + inner + "</p:spTree></p:cSld></p:sld>")})
	}
	for _, l := range lines {
		slide("<p:sp><p:txBody><a:p><a:r><a:t>" + html.EscapeString(l) + "</a:t></a:r></a:p></p:txBody></p:sp>")
	}
	for i := range pictures {
		slide(fmt.Sprintf(`<p:pic><p:blipFill><a:blip r:embed="rId%d"/></p:blipFill></p:pic>`, i+1))
	}
	return parted("ppt/presentation.xml", "presentationml.presentation.main", `<p:presentation xmlns:p="`+ooxml+`presentationml/2006/main"/>`, pictures, slides...)
}

func odf(lines []string, pictures []File) []File {
	body, manifest := "", ""
	for _, l := range lines {
		body += "<text:p>" + html.EscapeString(l) + "</text:p>"
	}
	for _, p := range pictures {
		body += `<text:p><draw:frame><draw:image xlink:href="Pictures/` + p.Name + `"/></draw:frame></text:p>`
		manifest += `<manifest:file-entry manifest:full-path="Pictures/` + p.Name + `" manifest:media-type="image/jpeg"/>`
	}
	const ns = "urn:oasis:names:tc:opendocument:xmlns:"
	return []File{
		{"content.xml", []byte(xmlHead + `<office:document-content xmlns:office="` + ns + `office:1.0" xmlns:text="` + ns + `text:1.0" xmlns:draw="` + ns +
			`drawing:1.0" xmlns:xlink="http://www.w3.org/1999/xlink"><office:body><office:text>` + body + "</office:text></office:body></office:document-content>")},
		{"META-INF/manifest.xml", []byte(xmlHead + `<manifest:manifest xmlns:manifest="` + ns + `manifest:1.0">` + manifest + "</manifest:manifest>")},
	}
}

func epub(lines []string, pictures []File) []File {
	body := ""
	for _, l := range lines {
		body += "<p>" + html.EscapeString(l) + "</p>"
	}
	for _, p := range pictures {
		body += `<img src="images/` + p.Name + `" alt=""/>`
	}
	return []File{
		{"META-INF/container.xml", []byte(xmlHead + `<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>` +
			`<rootfile full-path="OEBPS/content.opf" media-type="application/oebps-package+xml"/></rootfiles></container>`)},
		{"OEBPS/content.opf", []byte(xmlHead + `<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>` +
			`<item id="p" href="page1.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="p"/></spine></package>`)},
		{"OEBPS/page1.xhtml", []byte(xmlHead + `<html xmlns="http://www.w3.org/1999/xhtml"><head><title>notes</title></head><body>` + body + "</body></html>")},
	}
}
