/// The directory that `path` lies in; empty for a name alone. (NSString's own traps for relative paths of one character.)
package func parentDirectory(of path: String) -> String {
    var characters = path[...]
    while characters.count > 1, characters.last == "/" { characters.removeLast() }
    guard let slash = characters.lastIndex(of: "/") else { return "" }
    characters = characters[..<slash]
    while characters.last == "/" { characters.removeLast() }
    return characters.isEmpty ? "/" : String(characters)
}
