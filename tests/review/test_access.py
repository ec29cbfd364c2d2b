def test_first(browse):
    print(browse("anna").see("/").text)
    assert browse("anna").see("/").status_code == 200
